// Memory barriers, bulk copies and products of warpgroups of the simulator. A copy happens when somebody waits for its barrier, or
// at once where threads run in an order of their own (seed), a product when its thread waits for its group: a missing wait, and a
// stage that is freed too early, show as wrong results.
#pragma once
#include <cstdint>

#include "matrix.hpp"

namespace sim {

void barrierInit(void* barrier, int arrivals, int line);
/// One arrival, and `bytes` of copies announced.
void barrierExpect(void* barrier, int bytes, int line);
void barrierWait(void* barrier, int parity, int line);

/// Queues the copy of a box of a tensor map (cuTensorMapEncodeTiled) whose corner is (x, y).
void copyBox(void* to, const void* map, int x, int y, void* barrier, int line);
void copyBulk(void* to, const void* from, int bytes, void* barrier, int line);

/// Queues d (+)= a b of a warpgroup in the open group: 64 x `columns` x 32 bytes, `d` the sums of this thread.
void issueProduct(uint32_t* d, int columns, const uint32_t (&a)[4], uint64_t b, bool accumulate, int line);
void issueProduct(Element element, float* d, int columns, const uint32_t (&a)[4], uint64_t b, bool accumulate, int line);
/// Refuses that the registers of an operand, which outlive the product, are written before its wait.
void holdOperand(const uint32_t (&a)[4], int line);
void commitProducts();
/// Does all but the newest `pending` groups.
void waitProducts(int pending);

}  // namespace sim
