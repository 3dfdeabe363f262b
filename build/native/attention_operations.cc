// Attention over packed places and its gradient, as operations.
#include <algorithm>
#include <cstring>
#include <tuple>
#include <memory>
#include <vector>

#include "kernel_call.h"
#include "kernels.h"
#include "operations.h"
#include "workers.h"

namespace flipguard {
namespace {

/** What both directions of attention read: query, key, value, spread, returned, cos, sin. */
class AttentionCall {
 public:
  explicit AttentionCall(TF_OpKernelConstruction *construction) {
    times_ = integers(construction, "times");
    rows_ = integers(construction, "rows");
    headDim_ = integerOf(construction, "head_dim");
    window_ = integerOf(construction, "window");
    scale_ = numberOf(construction, "scale");
    require(headDim_ > 0 && window_ >= 0 && rows_.size() == times_.size(), "an attention has no sizes");
  }

 protected:
  struct Arrays {
    explicit Arrays(TF_OpKernelContext *context) {
      for (int i = 0; i < 7; i++) tensors.push_back(Tensor::input(context, i));
    }
    std::vector<Tensor> tensors;
    Attention of = {};
    std::vector<Row> rows;
    int64_t slots = 0;
  };

  Arrays read(TF_OpKernelContext *context) const {
    Arrays arrays(context);
    const auto &[query, key, value, spread, returned, cos, sin] =
        std::tie(arrays.tensors[0], arrays.tensors[1], arrays.tensors[2], arrays.tensors[3], arrays.tensors[4],
                 arrays.tensors[5], arrays.tensors[6]);
    Attention &of = arrays.of;
    require(query.shape().size() == 2 && query.shape()[0] > 0, "queries are not a matrix");
    of.places = query.shape()[0];
    of.headDim = headDim_;
    of.heads = query.width() / headDim_;
    of.kvHeads = key.width() / headDim_;
    of.window = window_;
    of.scale = scale_;
    of.turns = cos.size() / of.places;
    require(of.kvHeads > 0 && of.heads % of.kvHeads == 0 && query.width() == of.heads * headDim_ &&
                key.size() == of.places * of.kvHeads * headDim_ && value.size() == key.size(),
            "queries, keys and values do not fit each other");
    require(sin.size() == cos.size() && 2 * of.turns <= headDim_, "a rotation does not fit the heads");
    of.query = query.floats();
    of.key = key.floats();
    of.value = value.floats();
    of.cos = cos.floats();
    of.sin = sin.floats();
    for (size_t group = 0; group < rows_.size(); group++)
      for (int64_t row = 0; row < rows_[group]; row++) {
        arrays.rows.push_back({arrays.slots, times_[group], spread.integers() + arrays.slots, returned.integers() + arrays.slots});
        arrays.slots += times_[group];
      }
    require(spread.size() == arrays.slots && returned.size() == arrays.slots, "rows do not fit their slots");
    const auto known = [&](int32_t place) { return place >= 0 && place < of.places; };
    require(std::all_of(spread.integers(), spread.integers() + arrays.slots, known) &&
                std::all_of(returned.integers(), returned.integers() + arrays.slots, known),
            "a slot shows a place that there is not");
    return arrays;
  }

 private:
  static std::vector<int64_t> integers(TF_OpKernelConstruction *construction, const char *name) {
    int32_t count = 0, total = 0;
    Status status;
    TF_OpKernelConstruction_GetAttrSize(construction, name, &count, &total, status);
    status.check(name);
    std::vector<int64_t> values(std::max(count, 0));
    TF_OpKernelConstruction_GetAttrInt64List(construction, name, values.data(), count, status);
    status.check(name);
    return values;
  }

  std::vector<int64_t> rows_, times_;
  int64_t headDim_ = 0, window_ = 0;
  float scale_ = 1;
};

class AttentionForward : AttentionCall {
 public:
  using AttentionCall::AttentionCall;
  void compute(TF_OpKernelContext *context) const {
    const Arrays arrays = read(context);
    const Attention &of = arrays.of;
    const Tensor output = Tensor::output(context, 0, arrays.tensors[0].shape());
    // A place that no slot is read back from has none.
    std::memset(output.floats(), 0, sizeof(float) * output.size());
    inParts(static_cast<int64_t>(arrays.rows.size()) * of.kvHeads, [&](int64_t part) {
      kernels().attend(of, arrays.rows[part / of.kvHeads], part % of.kvHeads, output.floats());
    });
  }
};

class AttentionBackward : AttentionCall {
 public:
  using AttentionCall::AttentionCall;
  void compute(TF_OpKernelContext *context) const {
    const Arrays arrays = read(context);
    const Attention &of = arrays.of;
    const Tensor dy = Tensor::input(context, 7);
    require(dy.size() == arrays.tensors[0].size(), "the gradient of an attention has another size than its output");
    const Tensor byQuery = Tensor::output(context, 0, arrays.tensors[0].shape());
    const Tensor byKey = Tensor::output(context, 1, arrays.tensors[1].shape());
    const Tensor byValue = Tensor::output(context, 2, arrays.tensors[2].shape());
    std::memset(byQuery.floats(), 0, sizeof(float) * byQuery.size());
    const int64_t width = of.kvHeads * of.headDim;
    const std::unique_ptr<float[]> bySlots(new float[2 * arrays.slots * width]);
    float *keySlots = bySlots.get(), *valueSlots = bySlots.get() + arrays.slots * width;
    inParts(static_cast<int64_t>(arrays.rows.size()) * of.kvHeads, [&](int64_t part) {
      kernels().attendBack(of, arrays.rows[part / of.kvHeads], part % of.kvHeads, dy.floats(), byQuery.floats(), keySlots,
                           valueSlots);
    });
    // Of a place that several rows show, from all of them, always in the same order.
    inParts(of.kvHeads, [&](int64_t head) {
      gather(arrays, head, keySlots, byKey.floats());
      gather(arrays, head, valueSlots, byValue.floats());
    });
  }

 private:
  static void gather(const Arrays &arrays, int64_t head, const float *slots, float *places) {
    const Attention &of = arrays.of;
    const int64_t width = of.kvHeads * of.headDim, first = head * of.headDim;
    for (int64_t place = 0; place < of.places; place++)
      std::memset(places + place * width + first, 0, sizeof(float) * of.headDim);
    for (const Row &row : arrays.rows) {
      const int64_t positions = kernels().reach(of, row);
      for (int64_t i = 0; i < positions; i++) {
        const float *from = slots + (row.start + i) * width + first;
        float *to = places + row.spread[i] * width + first;
        for (int64_t d = 0; d < of.headDim; d++) to[d] += from[d];
      }
    }
  }
};

}  // namespace

void registerAttention() {
  const std::vector<const char *> arrays = {"query: float",    "key: float", "value: float", "spread: int32",
                                            "returned: int32", "cos: float", "sin: float"};
  const std::vector<const char *> sizes = {"rows: list(int)", "times: list(int)", "head_dim: int", "window: int",
                                           "scale: float"};
  define("FlipguardAttention", arrays, {"output: float"}, sizes, shapes<0>);
  implement<AttentionForward>("FlipguardAttention");
  std::vector<const char *> withGradient = arrays;
  withGradient.push_back("by_output: float");
  define("FlipguardAttentionGrad", withGradient, {"by_query: float", "by_key: float", "by_value: float"}, sizes,
         shapes<0, 1, 2>);
  implement<AttentionBackward>("FlipguardAttentionGrad");
}

}  // namespace flipguard
