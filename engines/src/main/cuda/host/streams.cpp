#include "streams.hpp"

#include <set>

#include "settings.hpp"

namespace sim {

namespace {

std::set<Stream*> streams;

Stream* real(Stream* stream) {
    return stream ? stream : defaultStream();
}

/// Drains the stream that recorded the event until the event's newest record has happened.
int reach(Event& event, uint64_t target) {
    int error = 0;
    while (event.completed < target && event.stream && !event.stream->queue.empty()) {
        Work work = std::move(event.stream->queue.front());
        event.stream->queue.pop_front();
        int e = work();
        error = error ? error : e;
    }
    return error;
}

/// The default stream waits for the blocking streams and they for it: each drains what the other side still holds.
int drainBlocking(Stream* stream) {
    if (stream != defaultStream()) {
        return drain(defaultStream());
    }
    int error = 0;
    for (Stream* other : streams) {
        int e = other->blocking ? drain(other) : 0;
        error = error ? error : e;
    }
    return error;
}

}  // namespace

Stream* defaultStream() {
    static Stream instance;
    return &instance;
}

int enqueue(Stream* given, Work work) {
    Stream* stream = real(given);
    if (stream->capture) {
        stream->capture->work.push_back(std::move(work));
        return 0;
    }
    if (!settings().lazyStreams && stream->queue.empty()) {
        return work();
    }
    if (stream->blocking) {
        int error = drainBlocking(stream);
        if (error) {
            return error;
        }
    }
    stream->queue.push_back(std::move(work));
    return settings().lazyStreams ? 0 : drain(stream);
}

int drain(Stream* given) {
    Stream* stream = real(given);
    int error = 0;
    while (!stream->queue.empty()) {
        Work work = std::move(stream->queue.front());
        stream->queue.pop_front();
        int e = work();
        error = error ? error : e;
    }
    return error;
}

int drainAll() {
    int error = drain(defaultStream());
    for (Stream* stream : streams) {
        int e = drain(stream);
        error = error ? error : e;
    }
    return error;
}

int record(Event& event, Stream* given) {
    Stream* stream = real(given);
    event.stream = stream;
    event.capture = stream->capture;
    uint64_t target = ++event.recorded;
    if (stream->capture) {
        event.completed = target;
        return 0;
    }
    Event* e = &event;
    return enqueue(given, [e, target] {
        e->completed = target;
        e->time = std::chrono::steady_clock::now();
        return 0;
    });
}

int waitFor(Stream* given, Event& event) {
    Stream* stream = real(given);
    if (event.capture && event.capture->open) {
        stream->capture = event.capture;
        return 0;
    }
    Event* e = &event;
    uint64_t target = event.recorded;
    return enqueue(given, [e, target] { return reach(*e, target); });
}

int synchronize(Event& event) {
    return reach(event, event.recorded);
}

void endCapture(Stream& origin) {
    std::shared_ptr<Recording> recording = origin.capture;
    recording->open = false;
    for (Stream* stream : streams) {
        if (stream->capture == recording) {
            stream->capture = nullptr;
            stream->captureOrigin = false;
        }
    }
}

void retire(Event* event) {
    // Waits that other streams still hold refer to it: a few dozen bytes, kept until the process ends where there are such.
    bool queued = false;
    for (Stream* stream : streams) {
        queued |= !stream->queue.empty();
    }
    if (!queued && defaultStream()->queue.empty()) {
        delete event;
    }
}

bool isPending(const Stream* stream) {
    return !(stream ? stream : defaultStream())->queue.empty();
}

Stream* newStream(bool blocking) {
    auto* stream = new Stream();
    stream->blocking = blocking;
    streams.insert(stream);
    return stream;
}

void deleteStream(Stream* stream) {
    drain(stream);
    streams.erase(stream);
    delete stream;
}

bool isStream(const Stream* stream) {
    return !stream || streams.count(const_cast<Stream*>(stream)) > 0;
}

}  // namespace sim
