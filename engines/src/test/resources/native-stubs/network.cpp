// A network in the place of TensorRT's (10.15) for NVIDIA's own ONNX parser: layers are noted with the types and extents of
// what they put out (-1 where only a run would tell) and checked as far as a strongly typed network's types and ranks go.
// Nothing is built. Included before tensorrt.cpp, whose builder hands it out.
// Slots were read off the calls in libjninvinfer.so of org.bytedeco:tensorrt 10.15-1.5.13, as in tensorrt.cpp.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace networks {

enum Type { F32, F16, I8, I32, BOOL, U8, FP8, BF16, I64, I4 };

struct Dims {
    int32_t count;
    int64_t at[8];
};

struct Weights {
    int32_t type;
    const void* values;
    int64_t count;
};

template <int SLOT>
void unknown() {
    fprintf(stderr, "the network in the place of TensorRT's has no function in slot %d\n", SLOT);
    _Exit(3);
}

template <int... SLOTS>
void fill(void** table, std::integer_sequence<int, SLOTS...>) {
    ((table[SLOTS] = reinterpret_cast<void*>(unknown<SLOTS>)), ...);
}

// A table of functions behind an object.
struct Implementation {
    void** table;
    void* self;
    explicit Implementation(void* owner) : table(static_cast<void**>(calloc(96, sizeof(void*)))), self(owner) {
        fill(table, std::make_integer_sequence<int, 96>());
    }
    template <typename F>
    void put(int slot, F function) { table[slot] = reinterpret_cast<void*>(+function); }
};

using Impl = Implementation*;

struct Layer;

struct Tensor {
    virtual ~Tensor() {}
    Impl implementation;
    Layer* maker = nullptr;
    int index = 0;
    std::string name;
    int type = F32;
    Dims dims{};
    Tensor();
    Dims extents();
};

Tensor* tensor(Impl it) { return static_cast<Tensor*>(it->self); }

struct Layer {
    virtual ~Layer() {}
    Impl layer;
    Impl own;
    std::string kind, name;
    std::vector<Tensor*> inputs, outputs;
    Dims reshape{-1, {}}, first{-1, {}}, second{-1, {}}, start{-1, {}}, size{-1, {}}, stride{-1, {}};
    int axis = 0, mode = 0, elementwise = 0, op = 0;
    uint32_t axes = 0;
    bool keep = false, zeroIsPlaceholder = true;
    int transposed[2] = {0, 0};
    Weights weights{};
    bool known = false, hasPrecision = false;
    Dims extents{};
    Dims result();
    Dims compute();
};

std::vector<Layer*> layers;

Layer* reader(Impl it) { return static_cast<Layer*>(it->self); }

// For changes: what was known of its extents is not any more.
Layer* layer(Impl it) {
    Layer* found = static_cast<Layer*>(it->self);
    found->known = false;
    return found;
}

void turn(Dims& order, const int32_t* axes, int count) {
    order.count = count;
    for (int i = 0; i < count; i++) order.at[i] = axes[i];
}

Tensor::Tensor() : implementation(new Implementation(this)) {
    implementation->put(2, [](Impl it, const char* n) { tensor(it)->name = n; });
    implementation->put(3, [](Impl it) -> const char* { return tensor(it)->name.c_str(); });
    implementation->put(4, [](Impl it, const Dims& d) { tensor(it)->dims = d; });
    implementation->put(5, [](Impl it) -> Dims { return tensor(it)->extents(); });
    implementation->put(6, [](Impl it, int t) { tensor(it)->type = t; });
    implementation->put(7, [](Impl it) -> int { return tensor(it)->type; });
    implementation->put(9, [](Impl it) -> bool { return !tensor(it)->maker; });
    implementation->put(10, [](Impl) -> bool { return false; });
    implementation->put(13, [](Impl) -> int { return 0; });
    implementation->put(21, [](Impl it) -> bool { return tensor(it)->type == I64 || tensor(it)->type == I32; });
    implementation->put(22, [](Impl) -> bool { return true; });
    implementation->put(23, [](Impl, int, const char*) {});
}

Dims Tensor::extents() { return maker ? maker->result() : dims; }

// Values of a constant of whole numbers; empty where it is none.
std::vector<int64_t> values(Tensor* tensor) {
    std::vector<int64_t> result;
    if (!tensor || !tensor->maker) return result;
    Layer* maker = tensor->maker;
    if (maker->kind == "Cast" || maker->kind == "Shuffle" || maker->kind == "Identity") return values(maker->inputs[0]);
    if (maker->kind != "Constant") return result;
    for (int64_t i = 0; i < maker->weights.count; i++) {
        if (maker->weights.type == I64) result.push_back(static_cast<const int64_t*>(maker->weights.values)[i]);
        if (maker->weights.type == I32) result.push_back(static_cast<const int32_t*>(maker->weights.values)[i]);
    }
    return result;
}

Dims unknownOf(int64_t rank) {
    Dims dims{static_cast<int32_t>(rank), {}};
    for (int i = 0; i < rank && i < 8; i++) dims.at[i] = -1;
    return dims;
}

Dims broadcast(const std::vector<Tensor*>& inputs) {
    Dims result = inputs[0]->extents();
    for (Tensor* input : inputs) {
        Dims dims = input->extents();
        for (int i = 0; i < result.count; i++) {
            if (result.at[i] == 1 || (result.at[i] < 0 && dims.at[i] > 1)) result.at[i] = dims.at[i];
        }
    }
    return result;
}

Dims shuffled(Layer* it) {
    Dims dims = it->inputs[0]->extents();
    if (it->first.count >= 0) {
        Dims turned = dims;
        for (int i = 0; i < dims.count; i++) turned.at[i] = dims.at[it->first.at[i]];
        dims = turned;
    }
    if (it->inputs.size() > 1) {
        std::vector<int64_t> known = values(it->inputs[1]);
        int64_t rank = it->inputs[1]->extents().at[0];
        Dims target = unknownOf(rank);
        for (size_t i = 0; i < known.size(); i++) target.at[i] = known[i];
        it->reshape = target;
    }
    if (it->reshape.count >= 0) {
        Dims target = it->reshape;
        int64_t product = 1, rest = 1;
        bool known = true;
        for (int i = 0; i < dims.count; i++) {
            known &= dims.at[i] >= 0;
            product *= dims.at[i];
        }
        int open = -1;
        for (int i = 0; i < target.count; i++) {
            if (target.at[i] == 0 && it->zeroIsPlaceholder) target.at[i] = dims.at[i];
            if (target.at[i] < 0) {
                open = open < 0 ? i : -2;
            } else {
                rest *= target.at[i];
            }
        }
        if (open >= 0 && known && rest > 0) target.at[open] = product / rest;
        dims = target;
    }
    if (it->second.count >= 0) {
        Dims turned = dims;
        for (int i = 0; i < dims.count; i++) turned.at[i] = dims.at[it->second.at[i]];
        dims = turned;
    }
    return dims;
}

Dims Layer::result() {
    if (!known) {
        extents = compute();
        known = true;
    }
    return extents;
}

Dims Layer::compute() {
    Tensor* x = inputs.empty() ? nullptr : inputs[0];
    if (kind == "Constant") return reshape;
    if (kind == "Shuffle") return shuffled(this);
    if (kind == "ElementWise" || kind == "Select") return broadcast(inputs);
    if (kind == "Shape") return {1, {x->extents().count}};
    if (kind == "Reduce") {
        Dims dims = x->extents(), result{0, {}};
        for (int i = 0; i < dims.count; i++) {
            if (!(axes >> i & 1)) result.at[result.count++] = dims.at[i];
            else if (keep) result.at[result.count++] = 1;
        }
        return result;
    }
    if (kind == "MatMul") {
        Dims a = x->extents(), b = inputs[1]->extents(), dims = broadcast(inputs);
        int n = a.count;
        if (n >= 2) {
            dims.at[n - 2] = a.at[transposed[0] ? n - 1 : n - 2];
            dims.at[n - 1] = b.at[transposed[1] ? n - 2 : n - 1];
        }
        return dims;
    }
    if (kind == "Concat") {
        Dims dims = x->extents();
        int64_t sum = 0;
        for (Tensor* input : inputs) {
            int64_t extent = input->extents().at[axis];
            sum = sum < 0 || extent < 0 ? -1 : sum + extent;
        }
        dims.at[axis] = sum;
        return dims;
    }
    if (kind == "Gather") {
        Dims data = x->extents(), index = inputs[1]->extents(), result{0, {}};
        for (int i = 0; i < axis; i++) result.at[result.count++] = data.at[i];
        for (int i = elementwise; i < index.count; i++) result.at[result.count++] = index.at[i];
        for (int i = axis + 1; i < data.count; i++) result.at[result.count++] = data.at[i];
        return mode == 0 ? result : index;
    }
    if (kind == "Slice") {
        Dims dims = x->extents();
        if (inputs.size() > 2 && inputs[2]) {
            std::vector<int64_t> known = values(inputs[2]);
            Dims result = unknownOf(dims.count);
            for (size_t i = 0; i < known.size(); i++) result.at[i] = known[i];
            return result;
        }
        return size;
    }
    if (kind == "Fill") {
        return x ? unknownOf(x->extents().at[0]) : reshape;
    }
    if (kind == "Squeeze" || kind == "Unsqueeze") {
        Dims dims = x->extents();
        std::vector<int64_t> list = values(inputs[1]);
        int64_t more = inputs[1]->extents().at[0];
        if (list.empty()) return unknownOf(kind == "Squeeze" ? dims.count - more : dims.count + more);
        int rank = kind == "Squeeze" ? dims.count : dims.count + static_cast<int>(list.size());
        uint32_t mask = 0;
        for (int64_t a : list) mask |= 1u << (a < 0 ? a + rank : a);
        Dims result{0, {}};
        int from = 0;
        for (int i = 0; i < rank; i++) {
            if (kind == "Squeeze") {
                if (!(mask >> i & 1)) result.at[result.count++] = dims.at[i];
            } else {
                result.at[result.count++] = mask >> i & 1 ? 1 : dims.at[from++];
            }
        }
        return result;
    }
    if (kind == "Convolution") {
        Dims dims = x->extents();
        dims.at[1] = axis;
        for (int i = 0; i < size.count; i++) {
            int64_t extent = dims.at[i + 2];
            dims.at[i + 2] = extent < 0 ? -1 : (extent - size.at[i]) / stride.at[i] + 1;
        }
        return dims;
    }
    return x->extents();
}

Layer* made(const char* kind, std::vector<Tensor*> inputs, int type) {
    Layer* it = new Layer();
    it->kind = kind;
    it->inputs = inputs;
    it->layer = new Implementation(it);
    it->own = new Implementation(it);
    Tensor* out = new Tensor();
    out->maker = it;
    out->type = type;
    out->name = "(Unnamed Layer* " + std::to_string(layers.size()) + ") [" + kind + "]_output";
    it->outputs.push_back(out);
    layers.push_back(it);
    it->layer->put(2, [](Impl) -> int { return 0; });
    it->layer->put(3, [](Impl i, const char* n) { layer(i)->name = n; });
    it->layer->put(4, [](Impl i) -> const char* { return reader(i)->name.c_str(); });
    it->layer->put(5, [](Impl i) -> int { return static_cast<int>(reader(i)->inputs.size()); });
    it->layer->put(6, [](Impl i, int n) -> Tensor* { return reader(i)->inputs[n]; });
    it->layer->put(7, [](Impl i) -> int { return static_cast<int>(reader(i)->outputs.size()); });
    it->layer->put(8, [](Impl i, int n) -> Tensor* { return n < (int) reader(i)->outputs.size() ? reader(i)->outputs[n] : nullptr; });
    it->layer->put(9, [](Impl i, int n, Tensor* t) {
        if ((int) layer(i)->inputs.size() <= n) layer(i)->inputs.resize(n + 1);
        layer(i)->inputs[n] = t;
    });
    it->layer->put(10, [](Impl i, int) { layer(i)->hasPrecision = true; });
    it->layer->put(14, [](Impl i, int, int t) { layer(i)->outputs[0]->type = t; });
    it->layer->put(18, [](Impl, const char*) {});
    return it;
}

int refusals;

// What the builder would have against a layer.
void refuse(Layer* it, const char* what) {
    refusals++;
    fprintf(stderr, "%s %s: %s\n", it->kind.c_str(), it->name.c_str(), what);
}

// What a strongly typed network asks of types and ranks, when all is there.
void check() {
    for (Layer* it : layers) {
        bool sameTypes = true, sameRanks = true;
        for (Tensor* input : it->inputs) {
            sameTypes &= !input || input->type == it->inputs[0]->type;
            sameRanks &= !input || input->extents().count == it->inputs[0]->extents().count;
        }
        bool joins = it->kind == "ElementWise" || it->kind == "MatMul" || it->kind == "Concat";
        if (joins && !sameTypes) refuse(it, "types differ");
        if (joins && !sameRanks) refuse(it, "ranks differ");
        if (it->kind == "Select" && it->inputs[1]->type != it->inputs[2]->type) refuse(it, "types differ");
        if (it->kind == "Quantize" || it->kind == "Dequantize") {
            Layer* scale = it->inputs[1]->maker;
            if (!scale || scale->kind != "Constant") refuse(it, "the scale is no constant");
            int wide = it->kind == "Quantize" ? it->inputs[0]->type : it->outputs[0]->type;
            if (it->inputs[1]->type != wide) refuse(it, "the scale has another type");
        }
        if (it->hasPrecision) refuse(it, "its precision is set");
    }
}

struct Network {
    virtual ~Network() {}
    Impl implementation;
};
std::vector<Tensor*> graphInputs, graphOutputs;

// An empty network, strongly typed.
Network* make() {
    layers.clear();
    graphInputs.clear();
    graphOutputs.clear();
    refusals = 0;
    Network* it = new Network();
    Impl n = it->implementation = new Implementation(it);
    n->put(2, [](Impl, const char* name, int type, const Dims& dims) -> Tensor* {
        Tensor* t = new Tensor();
        t->name = name; t->type = type; t->dims = dims;
        graphInputs.push_back(t);
        return t;
    });
    n->put(3, [](Impl, Tensor* t) { graphOutputs.push_back(t); });
    n->put(4, [](Impl, Tensor* x, int op) -> Layer* { Layer* l = made("Activation", {x}, x->type); l->op = op;
        l->own->put(4, [](Impl, float) {}); l->own->put(5, [](Impl, float) {}); return l; });
    n->put(7, [](Impl, Tensor* x) -> Layer* { Layer* l = made("SoftMax", {x}, x->type); l->own->put(2, [](Impl i, uint32_t a) { layer(i)->axes = a; }); return l; });
    n->put(8, [](Impl, Tensor* const* x, int count) -> Layer* {
        Layer* l = made("Concat", std::vector<Tensor*>(x, x + count), x[0]->type);
        l->own->put(2, [](Impl i, int a) { layer(i)->axis = a; });
        return l;
    });
    n->put(9, [](Impl, Tensor* a, Tensor* b, int op) -> Layer* { Layer* l = made("ElementWise", {a, b}, op >= 11 ? BOOL : a->type); l->op = op; return l; });
    n->put(10, [](Impl, Tensor* x, int op) -> Layer* { Layer* l = made("Unary", {x}, x->type); l->op = op; return l; });
    n->put(11, [](Impl, Tensor* x) -> Layer* {
        Layer* l = made("Shuffle", {x}, x->type);
        l->own->put(2, [](Impl i, const int32_t* order) { turn(layer(i)->first, order, layer(i)->inputs[0]->extents().count); });
        l->own->put(4, [](Impl i, const Dims& d) { layer(i)->reshape = d; });
        l->own->put(6, [](Impl i, const int32_t* order) { turn(layer(i)->second, order, 8); });
        l->own->put(8, [](Impl i, bool z) { layer(i)->zeroIsPlaceholder = z; });
        return l;
    });
    n->put(12, [](Impl) -> int { return (int) layers.size(); });
    n->put(13, [](Impl, int i) -> Layer* { return layers[i]; });
    n->put(14, [](Impl) -> int { return (int) graphInputs.size(); });
    n->put(15, [](Impl, int i) -> Tensor* { return graphInputs[i]; });
    n->put(16, [](Impl) -> int { return (int) graphOutputs.size(); });
    n->put(17, [](Impl, int i) -> Tensor* { return graphOutputs[i]; });
    n->put(18, [](Impl, Tensor* x, int op, uint32_t axes, bool keep) -> Layer* {
        Layer* l = made("Reduce", {x}, x->type); l->axes = axes; l->keep = keep; l->op = op; return l;
    });
    n->put(20, [](Impl, Tensor* x, Tensor* index, int axis) -> Layer* {
        Layer* l = made("Gather", {x, index}, x->type); l->axis = axis;
        l->own->put(2, [](Impl i, int a) { layer(i)->axis = a; });
        l->own->put(4, [](Impl i, int a) { layer(i)->elementwise = a; });
        return l;
    });
    n->put(22, [](Impl, Tensor* a, int ta, Tensor* b, int tb) -> Layer* {
        Layer* l = made("MatMul", {a, b}, a->type); l->transposed[0] = ta == 1; l->transposed[1] = tb == 1; return l;
    });
    n->put(23, [](Impl, const Dims& dims, Weights weights) -> Layer* {
        Layer* l = made("Constant", {}, weights.type); l->reshape = dims; l->weights = weights;
        l->own->put(4, [](Impl i, const Dims& d) { layer(i)->reshape = d; });
        return l;
    });
    n->put(24, [](Impl, Tensor* x) -> Layer* { return made("Identity", {x}, x->type); });
    n->put(29, [](Impl, Tensor* x, const Dims& start, const Dims& size, const Dims& stride) -> Layer* {
        Layer* l = made("Slice", {x}, x->type); l->start = start; l->size = size; l->stride = stride;
        l->own->put(8, [](Impl i, int m) { layer(i)->mode = m; });
        l->own->put(10, [](Impl, const Dims&) {});
        return l;
    });
    n->put(30, [](Impl, const char*) {});
    n->put(31, [](Impl) -> const char* { return "network"; });
    n->put(32, [](Impl, Tensor* x) -> Layer* { return made("Shape", {x}, I64); });
    n->put(33, [](Impl) -> bool { return false; });
    n->put(37, [](Impl, Tensor* x, int maps, const Dims& kernel, Weights w, Weights b) -> Layer* {
        Layer* l = made("Convolution", {x}, x->type);
        l->size = kernel;
        l->axis = maps;
        l->stride = {kernel.count, {1, 1, 1, 1}};
        l->weights = w;
        l->own->put(2, [](Impl i, int maps) { layer(i)->axis = maps; });
        l->own->put(4, [](Impl i, int groups) { layer(i)->mode = groups; });
        l->own->put(10, [](Impl, const Dims&) {});
        l->own->put(12, [](Impl, const Dims&) {});
        l->own->put(14, [](Impl, int) {});
        l->own->put(16, [](Impl i, const Dims& d) { layer(i)->size = d; });
        l->own->put(18, [](Impl i, const Dims& d) { layer(i)->stride = d; });
        l->own->put(20, [](Impl, const Dims&) {});
        l->own->put(22, [](Impl, const Dims&) {});
        return l;
    });
    n->put(43, [](Impl, Tensor* c, Tensor* a, Tensor* b) -> Layer* { return made("Select", {c, a, b}, a->type); });
    n->put(51, [](Impl, Tensor* x, Tensor* index, int mode) -> Layer* {
        Layer* l = made("Gather", {x, index}, x->type); l->mode = mode;
        l->own->put(2, [](Impl i, int a) { layer(i)->axis = a; });
        l->own->put(4, [](Impl i, int a) { layer(i)->elementwise = a; });
        return l;
    });
    n->put(61, [](Impl, Tensor* x, Tensor* s, Tensor* b, uint32_t) -> Layer* { Layer* l = made("Normalization", {x, s, b}, x->type); l->own->put(2, [](Impl, float) {}); l->own->put(8, [](Impl, int) {}); return l; });
    n->put(88, [](Impl, Tensor* x, Tensor* s, Tensor* b, uint32_t) -> Layer* { Layer* l = made("Normalization", {x, s, b}, x->type); l->own->put(2, [](Impl, float) {}); l->own->put(8, [](Impl, int) {}); return l; });
    n->put(62, [](Impl, Tensor* x, int type) -> Layer* { return made("Cast", {x}, type); });
    n->put(64, [](Impl) -> uint32_t { return 2; });
    n->put(65, [](Impl, int flag) -> bool { return flag == 1; });
    n->put(66, [](Impl, Tensor* x, Tensor* scale, int type) -> Layer* { Layer* l = made("Quantize", {x, scale}, type); l->own->put(3, [](Impl i, int a) { layer(i)->axis = a; }); l->own->put(7, [](Impl, const Dims&) -> bool { return true; }); return l; });
    n->put(67, [](Impl, Tensor* x, Tensor* scale, int type) -> Layer* { Layer* l = made("Dequantize", {x, scale}, type); l->own->put(3, [](Impl i, int a) { layer(i)->axis = a; }); l->own->put(7, [](Impl, const Dims&) -> bool { return true; }); return l; });
    n->put(46, [](Impl, Weights, const char*) -> bool { return true; });
    n->put(47, [](Impl, void*) {});
    n->put(48, [](Impl) -> void* { return nullptr; });
    n->put(49, [](Impl, Tensor* x, Tensor* scale) -> Layer* { Layer* l = made("Dequantize", {x, scale}, F32); l->own->put(3, [](Impl i, int a) { layer(i)->axis = a; }); l->own->put(5, [](Impl i, int t) { layer(i)->outputs[0]->type = t; }); return l; });
    n->put(50, [](Impl, Tensor* x, Tensor* scale) -> Layer* { Layer* l = made("Quantize", {x, scale}, I8); l->own->put(3, [](Impl i, int a) { layer(i)->axis = a; }); l->own->put(5, [](Impl i, int t) { layer(i)->outputs[0]->type = t; }); return l; });
    n->put(75, [](Impl, Tensor* x, Tensor* axes) -> Layer* { return made("Squeeze", {x, axes}, x->type); });
    n->put(76, [](Impl, Tensor* x, Tensor* axes) -> Layer* { return made("Unsqueeze", {x, axes}, x->type); });
    return it;
}

} // namespace networks
