// What tfjs-node's binding lacks: building a TensorFlow graph node by node (TensorFlow infers the shapes, nothing is executed), making a
// function of the eager context out of it, and running that by name. Eager tensor handles go in and come out; nothing is copied.
// Over 300 lines: one module of JavaScript's, whose functions share how values come in and go out.
//
// Compiled in place of the package's tfjs_binding.cc, which it includes unchanged and whose exports it adds to.
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_api.h>

#include "kernels.h"
#include "operations.h"
#include "status.h"
#include "tensorflow_kernels.h"
#include "workers.h"
#include "tfjs_backend.h"
// The package's own registration would be a second one in this module: it is left out, and ours is at the end.
#undef NAPI_MODULE
#define NAPI_MODULE(modname, regfunc)
#include "tfjs_binding.cc"
#undef NAPI_MODULE

namespace compiled {

using tfnodejs::TFJSBackend;

// Private members of the package's class. An explicit instantiation may name them, which is how they are reached without changing it.
template <typename Tag, typename Tag::Type Member>
struct Reach {
  friend typename Tag::Type reach(Tag) { return Member; }
};
struct Context {
  using Type = TFE_Context *TFJSBackend::*;
  friend Type reach(Context);
};
struct Handles {
  using Type = std::unordered_map<int32_t, TFE_TensorHandle *> TFJSBackend::*;
  friend Type reach(Handles);
};
struct OutputInfo {
  using Type = napi_value (TFJSBackend::*)(napi_env, TFE_TensorHandle *);
  friend Type reach(OutputInfo);
};
template struct Reach<Context, &TFJSBackend::tfe_context_>;
template struct Reach<Handles, &TFJSBackend::tfe_handle_map_>;
template struct Reach<OutputInfo, &TFJSBackend::GenerateOutputTensorInfo>;

using flipguard::Status;

/** A graph under construction. Its tensors are known to JavaScript by their place in `tensors`. */
struct Trace {
  TF_Graph *graph = TF_NewGraph();
  std::vector<TF_Output> tensors;
  int nodes = 0;
  ~Trace() { TF_DeleteGraph(graph); }

  std::string nextName() { return "n" + std::to_string(nodes++); }
  TF_Output tensor(int64_t id) const {
    if (id < 0 || static_cast<size_t>(id) >= tensors.size()) throw std::runtime_error("the trace has no such tensor");
    return tensors[static_cast<size_t>(id)];
  }
};

static std::map<int64_t, std::unique_ptr<Trace>> traces;
static int64_t nextTrace = 0;

static void check(napi_status status) {
  if (status != napi_ok) throw std::runtime_error("a value of the wrong kind was handed to the binding");
}
static int64_t integer(napi_env env, napi_value value) {
  int64_t number = 0;
  check(napi_get_value_int64(env, value, &number));
  return number;
}
static double number(napi_env env, napi_value value) {
  double result = 0;
  check(napi_get_value_double(env, value, &result));
  return result;
}
static bool boolean(napi_env env, napi_value value) {
  bool result = false;
  check(napi_get_value_bool(env, value, &result));
  return result;
}
static std::string text(napi_env env, napi_value value) {
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string result(length, 0);
  check(napi_get_value_string_utf8(env, value, &result[0], length + 1, &length));
  return result;
}
static bool isArray(napi_env env, napi_value value) {
  bool result = false;
  check(napi_is_array(env, value, &result));
  return result;
}
static napi_value field(napi_env env, napi_value object, const char *name) {
  napi_value value;
  check(napi_get_named_property(env, object, name, &value));
  return value;
}
static std::vector<napi_value> elements(napi_env env, napi_value array) {
  uint32_t length = 0;
  check(napi_get_array_length(env, array, &length));
  std::vector<napi_value> result(length);
  for (uint32_t i = 0; i < length; i++) check(napi_get_element(env, array, i, &result[i]));
  return result;
}
static std::vector<int64_t> integers(napi_env env, napi_value array) {
  std::vector<int64_t> result;
  for (napi_value element : elements(env, array)) result.push_back(integer(env, element));
  return result;
}
static napi_value array(napi_env env, const std::vector<napi_value> &values) {
  napi_value result;
  check(napi_create_array_with_length(env, values.size(), &result));
  for (size_t i = 0; i < values.size(); i++) check(napi_set_element(env, result, static_cast<uint32_t>(i), values[i]));
  return result;
}
static napi_value asNumber(napi_env env, int64_t value) {
  napi_value result;
  check(napi_create_int64(env, value, &result));
  return result;
}

static TFJSBackend &backendOf(napi_env env) {
  void *data = nullptr;
  check(napi_get_instance_data(env, &data));
  if (data == nullptr) throw std::runtime_error("TensorFlow is not open");
  return *static_cast<TFJSBackend *>(data);
}
static TFE_Context *contextOf(TFJSBackend &backend) { return backend.*reach(Context()); }
static TFE_TensorHandle *handleOf(TFJSBackend &backend, int64_t id) {
  auto &handles = backend.*reach(Handles());
  auto found = handles.find(static_cast<int32_t>(id));
  if (found == handles.end()) throw std::runtime_error("there is no tensor " + std::to_string(id));
  return found->second;
}
static Trace &traceOf(napi_env env, napi_value value) {
  auto found = traces.find(integer(env, value));
  if (found == traces.end()) throw std::runtime_error("there is no such trace");
  return *found->second;
}

static void setAttribute(napi_env env, TF_OperationDescription *node, napi_value attribute) {
  const std::string name = text(env, field(env, attribute, "name"));
  const auto type = static_cast<TF_AttrType>(integer(env, field(env, attribute, "type")));
  napi_value value = field(env, attribute, "value");
  switch (type) {
    case TF_ATTR_STRING: {
      const std::string content = text(env, value);
      TF_SetAttrString(node, name.c_str(), content.data(), content.size());
      return;
    }
    case TF_ATTR_INT:
      if (isArray(env, value)) {
        const std::vector<int64_t> list = integers(env, value);
        TF_SetAttrIntList(node, name.c_str(), list.data(), static_cast<int>(list.size()));
      } else {
        TF_SetAttrInt(node, name.c_str(), integer(env, value));
      }
      return;
    case TF_ATTR_FLOAT:
      TF_SetAttrFloat(node, name.c_str(), static_cast<float>(number(env, value)));
      return;
    case TF_ATTR_BOOL:
      TF_SetAttrBool(node, name.c_str(), boolean(env, value) ? 1 : 0);
      return;
    case TF_ATTR_TYPE:
      TF_SetAttrType(node, name.c_str(), static_cast<TF_DataType>(integer(env, value)));
      return;
    case TF_ATTR_SHAPE: {
      const std::vector<int64_t> shape = integers(env, value);
      TF_SetAttrShape(node, name.c_str(), shape.data(), static_cast<int>(shape.size()));
      return;
    }
    default:
      throw std::runtime_error("attribute " + name + " is of a kind that is not traced");
  }
}

/** Takes the tensor into the trace → { id, dtype, shape }, shape null where TensorFlow cannot infer it. */
static napi_value symbol(napi_env env, Trace &trace, TF_Output output) {
  trace.tensors.push_back(output);
  Status status;
  napi_value shape;
  const int rank = TF_GraphGetTensorNumDims(trace.graph, output, status);
  if (rank < 0) {
    check(napi_get_null(env, &shape));
  } else {
    std::vector<int64_t> sizes(static_cast<size_t>(rank));
    if (rank > 0) TF_GraphGetTensorShape(trace.graph, output, sizes.data(), rank, status);
    std::vector<napi_value> values;
    for (int64_t size : sizes) values.push_back(asNumber(env, size));
    shape = array(env, values);
  }
  napi_value result;
  check(napi_create_object(env, &result));
  check(napi_set_named_property(env, result, "id", asNumber(env, static_cast<int64_t>(trace.tensors.size()) - 1)));
  check(napi_set_named_property(env, result, "dtype", asNumber(env, TF_OperationOutputType(output))));
  check(napi_set_named_property(env, result, "shape", shape));
  return result;
}

static napi_value symbols(napi_env env, Trace &trace, TF_Operation *operation) {
  std::vector<napi_value> results;
  for (int i = 0; i < TF_OperationNumOutputs(operation); i++) results.push_back(symbol(env, trace, {operation, i}));
  return array(env, results);
}

using Arguments = std::vector<napi_value>;

/** traceBegin() → trace */
static napi_value TraceBegin(napi_env env, const Arguments &) {
  traces[nextTrace] = std::make_unique<Trace>();
  return asNumber(env, nextTrace++);
}

/** traceEnd(trace): drops the graph; functions made of it stay. */
static napi_value TraceEnd(napi_env env, const Arguments &args) {
  traces.erase(integer(env, args[0]));
  return nullptr;
}

/** traceOp(trace, name, attributes, inputs: (id | id[])[], after: id[]) → symbols; runs after the nodes of `after`. */
static napi_value TraceOp(napi_env env, const Arguments &args) {
  Trace &trace = traceOf(env, args[0]);
  const std::string name = text(env, args[1]);
  // Everything is read before the node is begun: one that was begun has to be finished.
  std::vector<std::vector<TF_Output>> inputs;
  std::vector<bool> listed;
  for (napi_value input : elements(env, args[3])) {
    listed.push_back(isArray(env, input));
    inputs.emplace_back();
    if (listed.back()) {
      for (int64_t id : integers(env, input)) inputs.back().push_back(trace.tensor(id));
    } else {
      inputs.back().push_back(trace.tensor(integer(env, input)));
    }
  }
  std::vector<TF_Operation *> before;
  for (int64_t id : integers(env, args[4])) before.push_back(trace.tensor(id).oper);

  TF_OperationDescription *node = TF_NewOperation(trace.graph, name.c_str(), trace.nextName().c_str());
  for (size_t i = 0; i < inputs.size(); i++) {
    if (listed[i]) {
      TF_AddInputList(node, inputs[i].data(), static_cast<int>(inputs[i].size()));
    } else {
      TF_AddInput(node, inputs[i][0]);
    }
  }
  for (napi_value attribute : elements(env, args[2])) setAttribute(env, node, attribute);
  for (TF_Operation *operation : before) TF_AddControlInput(node, operation);
  Status status;
  TF_Operation *operation = TF_FinishOperation(node, status);
  status.check(name);
  // A node without outputs is waited for by its operation alone; JavaScript gets a name for it all the same.
  if (TF_OperationNumOutputs(operation) == 0) {
    trace.tensors.push_back({operation, 0});
    return array(env, {asNumber(env, static_cast<int64_t>(trace.tensors.size()) - 1)});
  }
  return symbols(env, trace, operation);
}

/** traceConstant(trace, tensor) → symbol of the value that an eager tensor has now. */
static napi_value TraceConstant(napi_env env, const Arguments &args) {
  Trace &trace = traceOf(env, args[0]);
  Status status;
  TF_Tensor *value = TFE_TensorHandleResolve(handleOf(backendOf(env), integer(env, args[1])), status);
  status.check("constant");
  TF_OperationDescription *node = TF_NewOperation(trace.graph, "Const", trace.nextName().c_str());
  TF_SetAttrTensor(node, "value", value, status);
  TF_SetAttrType(node, "dtype", TF_TensorType(value));
  TF_DeleteTensor(value);
  TF_Operation *operation = TF_FinishOperation(node, status);
  status.check("constant");
  return symbol(env, trace, {operation, 0});
}

/** traceInput(trace, dtype, shape) → symbol of an argument of the function to be */
static napi_value TraceInput(napi_env env, const Arguments &args) {
  Trace &trace = traceOf(env, args[0]);
  const auto dtype = static_cast<TF_DataType>(integer(env, args[1]));
  const std::vector<int64_t> shape = integers(env, args[2]);
  TF_OperationDescription *node = TF_NewOperation(trace.graph, "Placeholder", trace.nextName().c_str());
  TF_SetAttrType(node, "dtype", dtype);
  TF_SetAttrShape(node, "shape", shape.data(), static_cast<int>(shape.size()));
  Status status;
  TF_Operation *operation = TF_FinishOperation(node, status);
  status.check("input");
  return symbol(env, trace, {operation, 0});
}

/** traceFunction(trace, name, inputs, outputs, always: id[]): what `always` names runs though no output asks for it. */
static napi_value TraceFunction(napi_env env, const Arguments &args) {
  Trace &trace = traceOf(env, args[0]);
  const std::string name = text(env, args[1]);
  const auto outputsOf = [&](napi_value ids) {
    std::vector<TF_Output> outputs;
    for (int64_t id : integers(env, ids)) outputs.push_back(trace.tensor(id));
    return outputs;
  };
  const std::vector<TF_Output> inputs = outputsOf(args[2]);
  const std::vector<TF_Output> outputs = outputsOf(args[3]);
  std::vector<TF_Operation *> always;
  for (const TF_Output &output : outputsOf(args[4])) always.push_back(output.oper);
  Status status;
  TF_Function *function = TF_GraphToFunctionWithControlOutputs(
      trace.graph, name.c_str(), 0, -1, nullptr, static_cast<int>(inputs.size()), inputs.data(),
      static_cast<int>(outputs.size()), outputs.data(), nullptr, static_cast<int>(always.size()), always.data(), nullptr,
      nullptr, nullptr, status);
  status.check("function");
  TFE_ContextAddFunction(contextOf(backendOf(env)), function, status);
  TF_DeleteFunction(function);
  status.check("adding the function");
  return nullptr;
}

/** removeFunction(name) */
static napi_value RemoveFunction(napi_env env, const Arguments &args) {
  Status status;
  TFE_ContextRemoveFunction(contextOf(backendOf(env)), text(env, args[0]).c_str(), status);
  status.check("removing the function");
  return nullptr;
}

struct OpDeleter {
  void operator()(TFE_Op *op) const { TFE_DeleteOp(op); }
};

/** runFunction(name, inputs, outputs, executor or '') → infos as executeOp's */
static napi_value RunFunction(napi_env env, const Arguments &args) {
  TFJSBackend &backend = backendOf(env);
  const std::string name = text(env, args[0]);
  Status status;
  std::unique_ptr<TFE_Op, OpDeleter> op(TFE_NewOp(contextOf(backend), name.c_str(), status));
  status.check(name);
  const std::string executor = text(env, args[3]);
  if (!executor.empty()) TFE_OpSetAttrString(op.get(), "executor_type", executor.data(), executor.size());
  for (int64_t id : integers(env, args[1])) TFE_OpAddInput(op.get(), handleOf(backend, id), status);
  status.check(name);
  int outputs = static_cast<int>(integer(env, args[2]));
  std::vector<TFE_TensorHandle *> handles(static_cast<size_t>(outputs), nullptr);
  TFE_Execute(op.get(), handles.data(), &outputs, status);
  status.check(name);
  std::vector<napi_value> infos;
  for (int i = 0; i < outputs; i++)
    infos.push_back((backend.*reach(OutputInfo()))(env, handles[static_cast<size_t>(i)]));
  return array(env, infos);
}

/** A function of ours as N-API's: so many arguments, C++ exceptions as JavaScript ones. */
template <napi_value (*Function)(napi_env, const Arguments &), size_t Count>
static napi_value Exported(napi_env env, napi_callback_info info) {
  try {
    Arguments args(Count);
    size_t count = Count;
    check(napi_get_cb_info(env, info, &count, args.data(), nullptr, nullptr));
    if (count < Count) throw std::runtime_error("too few arguments");
    return Function(env, args);
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

/** Adds the fused operations; `fusedOperations` names the instructions that they use, and is absent where there are none. */
static void addOperations(napi_env env, napi_value exports) {
  try {
    static bool registered = false;
    const char *wanted = std::getenv("FLIPGUARD_INSTRUCTIONS");
    if (!canAddOperations() || (wanted != nullptr && std::strcmp(wanted, "off") == 0)) return;
    if (!registered) {
      registered = true;
      flipguard::registerRowOperations();
      flipguard::registerAttention();
      flipguard::registerDecoding();
    }
  } catch (const std::exception &) {
    // Everything works without them.
    return;
  }
  napi_add_env_cleanup_hook(env, [](void *) { flipguard::endWorkers(); }, nullptr);
  napi_value instructions;
  if (napi_create_string_utf8(env, flipguard::kernels().instructions, NAPI_AUTO_LENGTH, &instructions) == napi_ok)
    napi_set_named_property(env, exports, "fusedOperations", instructions);
}

static napi_value Init(napi_env env, napi_value exports) {
  exports = tfnodejs::InitTFNodeJSBinding(env, exports);
  const std::pair<const char *, napi_callback> functions[] = {
      {"traceBegin", Exported<TraceBegin, 0>},       {"traceEnd", Exported<TraceEnd, 1>},
      {"traceOp", Exported<TraceOp, 5>},             {"traceConstant", Exported<TraceConstant, 2>},
      {"traceInput", Exported<TraceInput, 3>},       {"traceFunction", Exported<TraceFunction, 5>},
      {"removeFunction", Exported<RemoveFunction, 1>}, {"runFunction", Exported<RunFunction, 4>},
  };
  for (const auto &[name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok)
      napi_set_named_property(env, exports, name, function);
  }
  addOperations(env, exports);
  return exports;
}

}  // namespace compiled

NAPI_MODULE_INIT() { return compiled::Init(env, exports); }
