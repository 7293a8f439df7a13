/**
 * wgsl-preprocessor ships no types. `undefined` is left out of the values on purpose: the tag would write
 * the word `undefined` into the shader.
 */
declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  export function wgsl(
    strings: TemplateStringsArray,
    ...values: readonly (string | number | boolean)[]
  ): string;
}
