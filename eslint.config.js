import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores([
    '.dependency-cruiser.mjs',
    'dist/',
    'data/',
    '.cache/',
    'src/cpu/assembly/',
    'src/cpu/binary.ts',
  ]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } },
    },
    rules: {
      // Typed arrays are indexed in every inner loop, always within bounds that the loop sets.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
      // Node, Deno and browsers read the sources as they are.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression) > .source[value=/^\\.{1,2}(\\u002F(?!.*\\.(tsx?|json|css)$)|$)/]',
          message: 'A relative import names the .ts file.',
        },
      ],
    },
  },
  {
    files: ['src/**', 'shaders/**'],
    ignores: ['src/node/**', 'src/cli/**'],
    rules: {
      // Everything but src/node and src/cli also runs in browsers and Deno.
      'no-restricted-globals': [
        'error',
        ...['Buffer', 'process', 'require', 'global', '__dirname', '__filename'],
      ],
    },
  },
  {
    files: ['src/cli/**', 'bench/**', 'examples/**'],
    rules: { 'no-console': 'off' },
  },
);
