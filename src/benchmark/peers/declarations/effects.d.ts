/** Modules of TensorFlow.js that are imported for what they register. See tfjs-core.d.ts. */
export {};
