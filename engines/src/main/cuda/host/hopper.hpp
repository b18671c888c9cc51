// Memory barriers and bulk copies of the simulator. A copy happens when somebody waits for its barrier, so a missing wait shows.
#pragma once
#include <cstdint>

namespace sim {

void barrierInit(void* barrier, int arrivals, int line);
/// One arrival, and `bytes` of copies announced.
void barrierExpect(void* barrier, int bytes, int line);
void barrierWait(void* barrier, int parity, int line);

/// Queues the copy of a box of a tensor map (cuTensorMapEncodeTiled) whose corner is (x, y).
void copyBox(void* to, const void* map, int x, int y, void* barrier, int line);
void copyBulk(void* to, const void* from, int bytes, void* barrier, int line);

}  // namespace sim
