#include "settings.hpp"

#include <cstdlib>
#include <cstring>

namespace sim {

namespace {

Settings fromEnvironment() {
    Settings s;
    if (const char* v = std::getenv("QR_SIM_NAME")) {
        s.name = v;
    }
    if (const char* v = std::getenv("QR_SIM_CC")) {
        char* end;
        s.major = static_cast<int>(std::strtol(v, &end, 10));
        s.minor = *end == '.' ? static_cast<int>(std::strtol(end + 1, nullptr, 10)) : 0;
    }
    if (const char* v = std::getenv("QR_SIM_DEVICES")) {
        s.devices = std::atoi(v);
    }
    if (const char* v = std::getenv("QR_SIM_DRIVER")) {
        s.driverVersion = std::atoi(v);
    }
    if (const char* v = std::getenv("QR_SIM_MEMORY")) {
        s.memoryBytes = std::strtoull(v, nullptr, 10);
    }
    if (const char* v = std::getenv("QR_SIM_SEED")) {
        s.seed = static_cast<uint32_t>(std::strtoul(v, nullptr, 10));
    }
    if (const char* v = std::getenv("QR_SIM_LAZY")) {
        s.lazyStreams = std::strcmp(v, "0") != 0;
    }
    return s;
}

}  // namespace

size_t Settings::sharedBytesPerBlock() const {
    // Opt-in limits of the CUDA C++ programming guide, table of compute capabilities.
    if (major == 8 && (minor == 6 || minor == 9)) {
        return 99 << 10;
    }
    if (major == 8) {
        return 163 << 10;
    }
    if (major == 7) {
        return 64 << 10;
    }
    return major == 12 ? 99 << 10 : 227 << 10;
}

Settings& settings() {
    static Settings instance = fromEnvironment();
    return instance;
}

std::string& lastError() {
    static std::string text;
    return text;
}

}  // namespace sim
