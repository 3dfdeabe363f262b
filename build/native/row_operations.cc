// Norms, gates and what losses do with logits, as operations.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernel_call.h"
#include "kernels.h"
#include "operations.h"
#include "workers.h"

namespace flipguard {
namespace {

/** Stretches of about `least` numbers, a multiple of a vector's length; the same ones whatever the number of threads. */
template <typename Part>
void inStretches(int64_t size, int64_t least, const Part &part) {
  const int64_t length = (std::max<int64_t>(least, 1) + 15) / 16 * 16;
  inParts((size + length - 1) / length, [&](int64_t i) { part(i * length, std::min(size, (i + 1) * length)); });
}

/** Rows that a part of a norm computes: sums over rows are added up in the order of parts, and so are the same on any machine. */
constexpr int64_t rowsOfPart = 64;
constexpr int64_t numbersOfPart = 1 << 14;

class RmsNorm {
 public:
  explicit RmsNorm(TF_OpKernelConstruction *construction) : epsilon_(numberOf(construction, "epsilon")) {}

 protected:
  float epsilon_;
};

class RmsNormForward : RmsNorm {
 public:
  using RmsNorm::RmsNorm;
  void compute(TF_OpKernelContext *context) const {
    const Tensor x = Tensor::input(context, 0), gain = Tensor::input(context, 1);
    const int64_t size = x.width(), rows = size == 0 ? 0 : x.size() / size;
    require(gain.size() == size, "the gain of a norm has another size than what is normed");
    const Tensor y = Tensor::output(context, 0, x.shape());
    inParts((rows + rowsOfPart - 1) / rowsOfPart, [&](int64_t part) {
      kernels().rmsNorm(x.floats(), gain.floats(), epsilon_, size, part * rowsOfPart,
                        std::min(rows, (part + 1) * rowsOfPart), y.floats());
    });
  }
};

class RmsNormBackward : RmsNorm {
 public:
  using RmsNorm::RmsNorm;
  void compute(TF_OpKernelContext *context) const {
    const Tensor x = Tensor::input(context, 0), gain = Tensor::input(context, 1), dy = Tensor::input(context, 2);
    const int64_t size = x.width(), rows = size == 0 ? 0 : x.size() / size;
    require(gain.size() == size && dy.size() == x.size(), "the gradient of a norm has another size than what is normed");
    const Tensor byX = Tensor::output(context, 0, x.shape()), byGain = Tensor::output(context, 1, gain.shape());
    const int64_t parts = (rows + rowsOfPart - 1) / rowsOfPart;
    std::vector<float> sums(parts * size);
    inParts(parts, [&](int64_t part) {
      kernels().rmsNormBack(x.floats(), gain.floats(), dy.floats(), epsilon_, size, part * rowsOfPart,
                            std::min(rows, (part + 1) * rowsOfPart), byX.floats(), sums.data() + part * size);
    });
    for (int64_t i = 0; i < size; i++) {
      float sum = 0;
      for (int64_t part = 0; part < parts; part++) sum += sums[part * size + i];
      byGain.floats()[i] = sum;
    }
  }
};

class SwiGluForward {
 public:
  explicit SwiGluForward(TF_OpKernelConstruction *) {}
  void compute(TF_OpKernelContext *context) const {
    const Tensor gate = Tensor::input(context, 0), up = Tensor::input(context, 1);
    require(gate.size() == up.size(), "a gate has another size than what it lets through");
    const Tensor y = Tensor::output(context, 0, gate.shape());
    inStretches(gate.size(), numbersOfPart, [&](int64_t from, int64_t to) {
      kernels().swiGlu(gate.floats(), up.floats(), from, to, y.floats());
    });
  }
};

class SwiGluBackward {
 public:
  explicit SwiGluBackward(TF_OpKernelConstruction *) {}
  void compute(TF_OpKernelContext *context) const {
    const Tensor gate = Tensor::input(context, 0), up = Tensor::input(context, 1), dy = Tensor::input(context, 2);
    require(gate.size() == up.size() && gate.size() == dy.size(), "a gate has another size than its gradient");
    const Tensor byGate = Tensor::output(context, 0, gate.shape()), byUp = Tensor::output(context, 1, up.shape());
    inStretches(gate.size(), numbersOfPart, [&](int64_t from, int64_t to) {
      kernels().swiGluBack(gate.floats(), up.floats(), dy.floats(), from, to, byGate.floats(), byUp.floats());
    });
  }
};

/** Rows of a matrix as wide as a vocabulary, in parts of some thousand numbers. */
template <typename EachRow>
void byRow(int64_t rows, int64_t width, const EachRow &each) {
  const int64_t together = std::max<int64_t>(1, numbersOfPart / std::max<int64_t>(1, width));
  inParts((rows + together - 1) / together, [&](int64_t part) {
    for (int64_t row = part * together; row < std::min(rows, (part + 1) * together); row++) each(row);
  });
}

/** An input that the output may be written over: it lives as long as the call, whether or not its memory becomes the output's. */
struct Overwritten {
  Overwritten(TF_OpKernelContext *context, int index) {
    const Tensor input = Tensor::input(context, index);
    shape = input.shape();
    numbers = input.floats();
    require(shape.size() == 2, "logits are not a matrix");
  }
  std::vector<int64_t> shape;
  const float *numbers;
};

void requireLabels(const Tensor &labels, const std::vector<int64_t> &shape) {
  require(labels.size() == shape[0], "there is not one label for each row of logits");
  for (int64_t row = 0; row < shape[0]; row++)
    require(labels.integers()[row] >= 0 && labels.integers()[row] < shape[1], "a label is outside of the vocabulary");
}

class CrossEntropy {
 public:
  explicit CrossEntropy(TF_OpKernelConstruction *) {}
  void compute(TF_OpKernelContext *context) const {
    const Overwritten logits(context, 0);
    const Tensor labels = Tensor::input(context, 1);
    requireLabels(labels, logits.shape);
    const int64_t rows = logits.shape[0], vocabulary = logits.shape[1];
    const Tensor loss = Tensor::output(context, 0, {rows});
    const Tensor gradient = Tensor::outputOver(context, 1, logits.shape, 0);
    byRow(rows, vocabulary, [&](int64_t row) {
      loss.floats()[row] = kernels().crossEntropy(logits.numbers + row * vocabulary, vocabulary, labels.integers()[row],
                                                  gradient.floats() + row * vocabulary);
    });
  }
};

/** The same, and how far the first rows are from those of another model: one row after the other, while it is in the processor's cache. */
class LossesBeside {
 public:
  explicit LossesBeside(TF_OpKernelConstruction *construction) : withoutLabel_(integerOf(construction, "without_label")) {}
  void compute(TF_OpKernelContext *context) const {
    const Overwritten own(context, 0), old(context, 1);
    const Tensor labels = Tensor::input(context, 2);
    requireLabels(labels, own.shape);
    const int64_t rows = own.shape[0], vocabulary = own.shape[1], compared = old.shape[0];
    require(compared <= rows && old.shape[1] == vocabulary, "logits of two models are of different sizes");
    const Tensor loss = Tensor::output(context, 0, {rows});
    const Tensor gradient = Tensor::outputOver(context, 1, own.shape, 0);
    const Tensor divergence = Tensor::output(context, 2, {compared});
    const Tensor other = Tensor::outputOver(context, 3, old.shape, 1);
    byRow(rows, vocabulary, [&](int64_t row) {
      const int64_t at = row * vocabulary, label = labels.integers()[row];
      // The gradient takes the place of the logits, so it comes last.
      if (row < compared)
        divergence.floats()[row] = kernels().divergence(old.numbers + at, own.numbers + at, vocabulary, label,
                                                        withoutLabel_ != 0, other.floats() + at);
      loss.floats()[row] = kernels().crossEntropy(own.numbers + at, vocabulary, label, gradient.floats() + at);
    });
  }

 private:
  int64_t withoutLabel_;
};

/** The first rows as a·x + b·y with factors of each row, all others as they are. */
class FirstRowsScaled {
 public:
  explicit FirstRowsScaled(TF_OpKernelConstruction *) {}
  void compute(TF_OpKernelContext *context) const {
    const Overwritten x(context, 0);
    const Tensor y = Tensor::input(context, 1), a = Tensor::input(context, 2), b = Tensor::input(context, 3);
    const int64_t rows = x.shape[0], width = x.shape[1], first = y.shape()[0];
    require(first <= rows && y.size() == first * width && a.size() == first && b.size() == first,
            "rows that are added are of different sizes");
    const Tensor sum = Tensor::outputOver(context, 0, x.shape, 0);
    byRow(rows, width, [&](int64_t row) {
      float *out = sum.floats() + row * width;
      if (row < first)
        kernels().scaledSum(x.numbers + row * width, a.floats()[row], y.floats() + row * width, b.floats()[row], width, out);
      else if (out != x.numbers + row * width)
        std::memcpy(out, x.numbers + row * width, sizeof(float) * width);
    });
  }
};

/** Losses for each label, divergences for each row of the old logits. */
void lossesBesideShapes(TF_ShapeInferenceContext *context, TF_Status *status) {
  shapes<2, 0>(context, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeHandle *old = TF_NewShapeHandle(), *rows = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 1, old, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 3, old, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, old, 0, 1, rows, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 2, rows, status);
  TF_DeleteShapeHandle(old);
  TF_DeleteShapeHandle(rows);
}

}  // namespace

void registerRowOperations() {
  const std::vector<const char *> epsilon = {"epsilon: float"};
  define("FlipguardRmsNorm", {"x: float", "gain: float"}, {"y: float"}, epsilon, shapes<0>);
  implement<RmsNormForward>("FlipguardRmsNorm");
  define("FlipguardRmsNormGrad", {"x: float", "gain: float", "by_output: float"}, {"by_x: float", "by_gain: float"}, epsilon,
         shapes<0, 1>);
  implement<RmsNormBackward>("FlipguardRmsNormGrad");

  define("FlipguardSwiGlu", {"gate: float", "up: float"}, {"y: float"}, {}, shapes<0>);
  implement<SwiGluForward>("FlipguardSwiGlu");
  define("FlipguardSwiGluGrad", {"gate: float", "up: float", "by_output: float"}, {"by_gate: float", "by_up: float"}, {},
         shapes<0, 1>);
  implement<SwiGluBackward>("FlipguardSwiGluGrad");

  define("FlipguardCrossEntropy", {"logits: float", "labels: int32"}, {"loss: float", "gradient: float"}, {}, shapes<1, 0>);
  implement<CrossEntropy>("FlipguardCrossEntropy");
  define("FlipguardLossesBeside", {"own: float", "old: float", "labels: int32"},
         {"loss: float", "gradient: float", "divergence: float", "other: float"}, {"without_label: int"}, lossesBesideShapes);
  implement<LossesBeside>("FlipguardLossesBeside");
  define("FlipguardFirstRowsScaled", {"x: float", "y: float", "a: float", "b: float"}, {"sum: float"}, {}, shapes<0>);
  implement<FirstRowsScaled>("FlipguardFirstRowsScaled");
}

}  // namespace flipguard
