/**
 * Types for wgsl-preprocessor, which ships none. Values deliberately exclude `undefined`, because the tag would write
 * the word `undefined` into the shader.
 */
declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  export function wgsl(
    strings: TemplateStringsArray,
    ...values: readonly (string | number | boolean)[]
  ): string;
}
