#pragma once

namespace flipguard {

/**
 * These add the fused operations to TensorFlow, for processors alone; src-main/backends/fused.ts says what each computes. Once in a process.
 * They throw std::runtime_error with TensorFlow's message.
 */
void registerRowOperations();
void registerAttention();
void registerDecoding();

}  // namespace flipguard
