import * as tf from '@tensorflow/tfjs-core';
import { activeTensorflow } from './tensorflow.ts';
import { activeTracer, TraceRefused, Tracer } from './tracer.ts';

/** An argument of a function. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/** A computation made one operation of the device. */
export interface CompiledFunction {
  /** Tensors of the shapes it was compiled for → its results, which the caller disposes. Variables have their values of now. */
  run(inputs: readonly tf.Tensor[]): tf.Tensor[];
  dispose(): void;
}

export interface CompileOptions {
  /** Of tensors made while tracing that are larger than a few numbers: true if their values hold for every batch. */
  constant?: (dataId: object) => boolean;
  /** Resource handles that the computation uses. */
  resources?: readonly number[];
  /**
   * Operations run one after another on a processor, each still on all of its cores: of small ones, handing them from thread to thread
   * is a fifth of the work.
   */
  inTurn?: boolean;
}

/** x, as a tensor that a function under construction computes once `before` is there; where nothing is traced, x. */
export function computedAfter<T extends tf.Tensor>(x: T, before: tf.Tensor): T {
  const [backend, tracer] = [activeTensorflow(), activeTracer()];
  if (backend === undefined || tracer === null) return tf.clone(x);
  const [id, earlier] = backend.getInputTensorIds([x, before]);
  return backend.createOutputTensor(tracer.after(id!, backend.binding.TF_FLOAT, earlier!)) as T;
}

let functions = 0;

/** True where the active backend compiles functions. */
export function compiles(): boolean {
  return activeTensorflow()?.binding.traceBegin !== undefined;
}

/**
 * Traces `build` once, with inputs that have shapes and no values, and makes a function of what it did. Variables it meets become
 * inputs, so that a later value of theirs counts.
 * @returns the reason, where it cannot be traced
 */
export function compile(
  build: (inputs: tf.Tensor[]) => tf.Tensor[],
  specs: readonly TensorSpec[],
  options: CompileOptions = {},
): CompiledFunction | { readonly refused: string } {
  const backend = activeTensorflow();
  if (backend?.binding.traceBegin === undefined) return { refused: 'this backend compiles no functions' };
  const { binding } = backend;
  const resources = options.resources ?? [];
  const variables = new Map(
    Object.values(tf.engine().state.registeredVariables).map((variable) => [variable.dataId, variable]),
  );
  const tracer = new Tracer(backend, {
    variable: (dataId) => variables.get(dataId),
    constant: options.constant ?? (() => false),
  });
  // On a GPU an operation is over once it is queued, so that there is nothing to gain.
  const executor = options.inTurn === true && !backend.isUsingGpuDevice ? 'SINGLE_THREADED_EXECUTOR' : '';
  const name = `flipguard_${functions++}`;
  let outputs = 0;
  try {
    tracer.record(() =>
      tf.tidy(() => {
        const types = { float32: binding.TF_FLOAT, int32: binding.TF_INT32 };
        const inputs = specs.map(({ dtype, shape }) => tracer.input(types[dtype], shape));
        for (const handle of resources) tracer.resource(handle);
        const results = build(inputs);
        outputs = results.length;
        tracer.finish(name, results);
      }),
    );
  } catch (error) {
    if (error instanceof TraceRefused) return { refused: error.message };
    throw error;
  } finally {
    tracer.end();
  }
  return {
    run(inputs) {
      const ids = [...backend.getInputTensorIds(inputs), ...resources, ...backend.getInputTensorIds(tracer.variables)];
      return binding.runFunction!(name, ids, outputs, executor).map((info) => backend.createOutputTensor(info));
    },
    dispose: () => binding.removeFunction!(name),
  };
}
