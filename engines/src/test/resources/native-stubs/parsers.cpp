// Classes with the virtual functions of NvInfer.h's and NvOnnxParser.h's interfaces in their order (TensorRT 10.15), compiled
// by the real compiler: each call and each deletion leaves its mark.
typedef __SIZE_TYPE__ size_t;

static int called, destroyed, freed;

struct Refitter { // IParserRefitter
    virtual bool refitFromBytes() { called++; return false; }
    virtual bool refitFromFile() { called++; return false; }
    virtual int getNbErrors() const { called++; return 0; }
    virtual void* getError() const { called++; return nullptr; }
    virtual void clearErrors() { called++; }
    virtual ~Refitter() noexcept { destroyed++; }
};

struct Parser { // IParser
    virtual bool parse() noexcept { called++; return false; }
    virtual bool parseFromFile() noexcept { called++; return false; }
    virtual bool supportsModel() noexcept { called++; return false; }
    virtual bool parseWithWeightDescriptors() noexcept { called++; return false; }
    virtual bool supportsOperator() const noexcept { called++; return false; }
    virtual int getNbErrors() const noexcept { called++; return 0; }
    virtual void* getError() const noexcept { called++; return nullptr; }
    virtual void clearErrors() noexcept { called++; }
    virtual ~Parser() noexcept { destroyed++; }
    virtual void* getUsedVCPluginLibraries() const noexcept { called++; return nullptr; }
};

struct Engine { // INoCopy and what derives from it
    virtual ~Engine() { destroyed++; }
    virtual int other() { called++; return 0; }
};

static char memory[sizeof(Parser) + 64];
void* operator new(size_t) { return memory; }
void operator delete(void*) noexcept { freed++; }
void operator delete(void*, size_t) noexcept { freed++; }

extern "C" {
void* make_parser() { return new Parser(); }
void* make_refitter() { return new Refitter(); }
void* make_engine() { return new Engine(); }
int calls() { return called; }
int destructions() { return destroyed; }
int frees() { return freed; }
}
