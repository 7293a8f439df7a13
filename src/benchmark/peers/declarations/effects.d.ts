/** Modules of TensorFlow.js that are imported for what they register; see tfjs-core.d.ts. */
export {};
