// Threads that share the parts of one operation. TensorFlow keeps its own from operations that are added through the C interface.
#pragma once
#include <cstdint>
#include <functional>

namespace flipguard {

/**
 * Runs part(0) … part(count − 1), on the calling thread and on as many others as TensorFlow spreads an operation over
 * (TF_NUM_INTRAOP_THREADS, else all processors). Which thread runs which part is open; returns once all have run, and throws what the first
 * that failed has thrown.
 */
void inParts(int64_t count, const std::function<void(int64_t)> &part);

/** Ends the threads; later calls of `inParts` run on the calling thread alone. */
void endWorkers();

}  // namespace flipguard
