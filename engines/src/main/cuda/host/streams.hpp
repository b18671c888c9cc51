// Streams, events and graphs of the simulator: work is a list of closures, run at once, late (lazy streams), or replayed (graphs).
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace sim {

/// One piece of work; returns 0 or an error code.
using Work = std::function<int()>;

/// The work a capture has recorded, shared by all streams that joined it.
struct Recording {
    std::vector<Work> work;
    bool open = true;
};

struct Stream {
    std::deque<Work> queue;
    std::shared_ptr<Recording> capture;
    bool captureOrigin = false;
    /// Waits for the default stream, and it for this one (the default stream itself counts as such).
    bool blocking = true;
};

struct Event {
    Stream* stream = nullptr;
    uint64_t recorded = 0;
    uint64_t completed = 0;
    std::shared_ptr<Recording> capture;
    std::chrono::steady_clock::time_point time;
};

struct Graph {
    std::shared_ptr<Recording> recording;
};

/// Gives `work` to a stream (null: the default stream, which waits for all others first).
int enqueue(Stream* stream, Work work);
/// Does everything the stream still holds.
int drain(Stream* stream);
int drainAll();
int record(Event& event, Stream* stream);
int waitFor(Stream* stream, Event& event);
int synchronize(Event& event);
/// Takes all streams out of the capture that `origin` began.
void endCapture(Stream& origin);
/// Lets go of an event; queued waits keep it.
void retire(Event* event);
bool isPending(const Stream* stream);

Stream* newStream(bool blocking);
void deleteStream(Stream* stream);
bool isStream(const Stream* stream);
Stream* defaultStream();

}  // namespace sim
