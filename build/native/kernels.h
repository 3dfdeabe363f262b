// What the fused operations compute, apart from TensorFlow: plain arrays in row-major order, float32. Each set of kernels is the same
// source compiled for other instructions; `kernels()` is the best that this processor has.
#pragma once
#include <cstdint>

namespace flipguard {

/** The arrays of an attention over packed places; src-main/engine/models/packed-batch.ts says what slots and places are. */
struct Attention {
  int64_t places, heads, kvHeads, headDim;
  /** Keys that a query sees, its own included; 0: all before it. */
  int64_t window;
  /** Multiplies the queries. */
  float scale;
  /** Rotated are the first 2·turns numbers of each head. */
  int64_t turns;
  /** [places, heads·headDim], [places, kvHeads·headDim] */
  const float *query, *key, *value;
  /** [places, turns] */
  const float *cos, *sin;
};

/** One new position of each row, and the cache that it joins. */
struct StepAttention {
  int64_t rows, heads, kvHeads, headDim;
  /** Positions that the cache has room for: a multiple of every set's vectors. */
  int64_t room;
  /** Where the new position is in it. */
  int64_t place;
  /** Keys that the query sees, its own included; 0: all that its row has. */
  int64_t window;
  /** Rotated are the first 2·turns numbers of each head. */
  int64_t turns;
  /** Scaled already [rows, heads·headDim], [rows, kvHeads·headDim] */
  const float *query, *key, *value;
  /** [rows, turns] */
  const float *cos, *sin;
  /** Rotated keys, and values: [rows, kvHeads, headDim, room]. The new ones are written into them. */
  float *keys, *values;
  /** Positions at a row's start that it does not have, [rows]. */
  const int32_t *padding;
};

/** A row of slots: the place that each shows, and the place whose attention is read back from it, else the place without a token. */
struct Row {
  int64_t start, time;
  const int32_t *spread, *returned;
};

struct Kernels {
  const char *instructions;
  /** Positions of the row that anything depends on: up to the last one that is read back. */
  int64_t (*reach)(const Attention &, const Row &);
  /** One row and one key/value head: writes the places that are read back, of output [places, heads·headDim]. */
  void (*attend)(const Attention &, const Row &, int64_t kvHead, float *output);
  /**
   * The gradients of the same: byQuery [places, heads·headDim] at the places that are read back; byKey and byValue [slots, kvHeads·headDim]
   * at the row's slots within reach.
   */
  void (*attendBack)(const Attention &, const Row &, int64_t kvHead, const float *byOutput, float *byQuery,
                     float *byKey, float *byValue);
  /** One row and one key/value head: its new key and value join the cache; writes the row's heads of output [rows, heads·headDim]. */
  void (*attendStep)(const StepAttention &, int64_t row, int64_t kvHead, float *output);
  /** Rows [from, to) of y = x · rsqrt(mean(x²) + epsilon) · gain. */
  void (*rmsNorm)(const float *x, const float *gain, float epsilon, int64_t size, int64_t from, int64_t to, float *y);
  /** Rows [from, to) of its gradient by x; byGain [size] is added to. */
  void (*rmsNormBack)(const float *x, const float *gain, const float *byOutput, float epsilon, int64_t size, int64_t from,
                      int64_t to, float *byX, float *byGain);
  /** Numbers [from, to) of silu(gate) · up. */
  void (*swiGlu)(const float *gate, const float *up, int64_t from, int64_t to, float *y);
  void (*swiGluBack)(const float *gate, const float *up, const float *byOutput, int64_t from, int64_t to, float *byGate,
                     float *byUp);
  /** One row: → −log softmax(logits)[label], and its gradient by the logits, which may be written over them. */
  float (*crossEntropy)(const float *logits, int64_t size, int64_t label, float *gradient);
  /**
   * One row: → KL(q ‖ p) in nats of q = softmax(old) and p = softmax(own), and q − 1[label]; without the label, KL of what is left of both, and
   * its gradient by the own logits, p − q. Either may be written over the old logits.
   */
  float (*divergence)(const float *old, const float *own, int64_t size, int64_t label, bool withoutLabel, float *gradient);
  /** One row: its largest number's place, the first of several, and −log Σ e^(x − the largest), its log-probability. */
  float (*likeliest)(const float *logits, int64_t size, int64_t *place);
  /**
   * One row: a place drawn from softmax(logits / temperature), where the running sum of probabilities passes `uniform` in [0, 1]; → its
   * log-probability at temperature 1.
   */
  float (*drawn)(const float *logits, int64_t size, float temperature, float uniform, int64_t *place);
  /** out = a·x + b·y, which may be written over x or y. */
  void (*scaledSum)(const float *x, float a, const float *y, float b, int64_t size, float *out);
};

const Kernels &kernels();

}  // namespace flipguard
