#include "kernels.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#define INLINE static inline __attribute__((always_inline))

// One copy for the processor that every one of its kind is, and on x86 two more for what most have today.
#define FLIPGUARD_LANES 4
#define FLIPGUARD_INSTRUCTIONS "plain"
namespace flipguard::plain {
#include "lanes.inc"
#include "rows.inc"
#include "products.inc"
#include "attention.inc"
#include "attention_step.inc"
#include "table.inc"
}  // namespace flipguard::plain
#undef FLIPGUARD_LANES
#undef FLIPGUARD_INSTRUCTIONS

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define FLIPGUARD_LANES 8
#define FLIPGUARD_INSTRUCTIONS "AVX2"
namespace flipguard::avx2 {
#include "lanes.inc"
#include "rows.inc"
#include "products.inc"
#include "attention.inc"
#include "attention_step.inc"
#include "table.inc"
}  // namespace flipguard::avx2
#undef FLIPGUARD_LANES
#undef FLIPGUARD_INSTRUCTIONS
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#define FLIPGUARD_LANES 16
#define FLIPGUARD_INSTRUCTIONS "AVX-512"
namespace flipguard::avx512 {
#include "lanes.inc"
#include "rows.inc"
#include "products.inc"
#include "attention.inc"
#include "attention_step.inc"
#include "table.inc"
}  // namespace flipguard::avx512
#undef FLIPGUARD_LANES
#undef FLIPGUARD_INSTRUCTIONS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

namespace flipguard {

/** The sets that this processor has, the best one first. */
static std::vector<const Kernels *> available() {
  std::vector<const Kernels *> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    sets.push_back(&avx512::table);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&avx2::table);
#endif
  sets.push_back(&plain::table);
  return sets;
}

/** FLIPGUARD_INSTRUCTIONS names another set than the best, to tell what the best one gains; `off` never comes here. */
static const Kernels &chosen() {
  const std::vector<const Kernels *> sets = available();
  const char *wanted = std::getenv("FLIPGUARD_INSTRUCTIONS");
  for (const Kernels *set : sets)
    if (wanted != nullptr && std::strcmp(wanted, set->instructions) == 0) return *set;
  return *sets.front();
}

const Kernels &kernels() {
  static const Kernels &set = chosen();
  return set;
}

}  // namespace flipguard
