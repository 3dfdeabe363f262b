// What a step of decoding needs, as operations: attention with a cache that is written in place, and the choice of a token.
#include <vector>

#include "kernel_call.h"
#include "kernels.h"
#include "operations.h"
#include "workers.h"

namespace flipguard {
namespace {

class AttendStep {
 public:
  explicit AttendStep(TF_OpKernelConstruction *construction) : window_(integerOf(construction, "window")) {
    require(window_ >= 0, "a window is negative");
  }

  void compute(TF_OpKernelContext *context) const {
    const Tensor query = Tensor::input(context, 0), key = Tensor::input(context, 1), value = Tensor::input(context, 2);
    const Tensor cos = Tensor::input(context, 3), sin = Tensor::input(context, 4);
    const Tensor keys = Tensor::input(context, 5), values = Tensor::input(context, 6);
    const Tensor padding = Tensor::input(context, 7), place = Tensor::input(context, 8);
    const std::vector<int64_t> kept = keys.shape();
    require(kept.size() == 4 && values.shape() == kept && place.size() == 1, "a cache has no sizes");
    StepAttention of = {};
    of.rows = kept[0];
    of.kvHeads = kept[1];
    of.headDim = kept[2];
    of.room = kept[3];
    of.window = window_;
    require(of.rows > 0 && of.kvHeads > 0 && of.headDim > 0 && of.room % mostLanes == 0, "a cache has no room");
    of.heads = query.size() / (of.rows * of.headDim);
    require(of.heads > 0 && of.heads % of.kvHeads == 0 && query.size() == of.rows * of.heads * of.headDim &&
                key.size() == of.rows * of.kvHeads * of.headDim && value.size() == key.size(),
            "queries, keys and values do not fit the cache");
    of.turns = cos.size() / of.rows;
    require(cos.size() == of.rows * of.turns && sin.size() == cos.size() && 2 * of.turns <= of.headDim,
            "a rotation does not fit the heads");
    of.place = place.integers()[0];
    require(of.place >= 0 && of.place < of.room, "a position is outside of the cache");
    require(padding.size() == of.rows, "there is not one padding for each row");
    for (int64_t row = 0; row < of.rows; row++)
      require(padding.integers()[row] >= 0 && padding.integers()[row] <= of.place, "a row has more padding than positions");
    of.query = query.floats();
    of.key = key.floats();
    of.value = value.floats();
    of.cos = cos.floats();
    of.sin = sin.floats();
    of.keys = keys.floats();
    of.values = values.floats();
    of.padding = padding.integers();
    const Tensor output = Tensor::output(context, 0, query.shape());
    const int64_t parts = of.rows * of.kvHeads;
    // A part of its own for each row and head would be over before the next is handed out.
    const int64_t length = of.heads / of.kvHeads * of.headDim * (of.place + 1);
    const int64_t each = std::max<int64_t>(1, numbersOfPart / std::max<int64_t>(1, length));
    inParts((parts + each - 1) / each, [&](int64_t part) {
      for (int64_t i = part * each; i < std::min(parts, (part + 1) * each); i++)
        kernels().attendStep(of, i / of.kvHeads, i % of.kvHeads, output.floats());
    });
  }

 private:
  static constexpr int64_t mostLanes = 16, numbersOfPart = 1 << 14;
  int64_t window_;
};

/** Writes a place and a log-probability for each row. */
template <typename Pick>
void eachRow(TF_OpKernelContext *context, int64_t rows, const Pick &pick) {
  const Tensor token = Tensor::output(context, 0, {rows}), logProb = Tensor::output(context, 1, {rows});
  inParts(rows, [&](int64_t row) {
    int64_t place = 0;
    logProb.floats()[row] = pick(row, &place);
    token.floats()[row] = static_cast<float>(place);
  });
}

class Likeliest {
 public:
  explicit Likeliest(TF_OpKernelConstruction *) {}
  void compute(TF_OpKernelContext *context) const {
    const Tensor logits = Tensor::input(context, 0);
    const int64_t size = logits.width(), rows = size == 0 ? 0 : logits.size() / size;
    require(rows > 0, "there are no logits");
    eachRow(context, rows, [&](int64_t row, int64_t *place) {
      return kernels().likeliest(logits.floats() + row * size, size, place);
    });
  }
};

class Drawn {
 public:
  explicit Drawn(TF_OpKernelConstruction *construction) : temperature_(numberOf(construction, "temperature")) {
    require(temperature_ > 0, "a temperature is not above 0");
  }
  void compute(TF_OpKernelContext *context) const {
    const Tensor logits = Tensor::input(context, 0), uniforms = Tensor::input(context, 1);
    const int64_t size = logits.width(), rows = size == 0 ? 0 : logits.size() / size;
    require(rows > 0 && uniforms.size() == rows, "there is not one uniform number for each row of logits");
    eachRow(context, rows, [&](int64_t row, int64_t *place) {
      return kernels().drawn(logits.floats() + row * size, size, temperature_, uniforms.floats()[row], place);
    });
  }

 private:
  float temperature_;
};

/** Two numbers for each row of a matrix. */
void pickedShapes(TF_ShapeInferenceContext *context, TF_Status *status) {
  TF_ShapeHandle *logits = TF_NewShapeHandle(), *rows = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, logits, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, logits, 0, 1, rows, status);
  for (int output = 0; output < 2 && TF_GetCode(status) == TF_OK; output++)
    TF_ShapeInferenceContextSetOutput(context, output, rows, status);
  TF_DeleteShapeHandle(logits);
  TF_DeleteShapeHandle(rows);
}

}  // namespace

void registerDecoding() {
  define("FlipguardAttendStep",
         {"query: float", "key: float", "value: float", "cos: float", "sin: float", "keys: float", "values: float",
          "padding: int32", "place: int32"},
         {"output: float"}, {"window: int"}, shapes<0>, true);
  implement<AttendStep>("FlipguardAttendStep");
  define("FlipguardLikeliest", {"logits: float"}, {"token: float", "log_prob: float"}, {}, pickedShapes);
  implement<Likeliest>("FlipguardLikeliest");
  define("FlipguardDrawn", {"logits: float", "uniforms: float"}, {"token: float", "log_prob: float"}, {"temperature: float"},
         pickedShapes);
  implement<Drawn>("FlipguardDrawn");
}

}  // namespace flipguard
