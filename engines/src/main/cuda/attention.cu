// Attention: out = softmax(q kT * scale + bias) v per head, with operands that attention_prepare.cu has made.
//
//   qr_attention_bf16_*     bf16 scores, bf16 values: the reference mode
//   qr_attention_s8_bf16_*  s8 scores of smoothed keys, bf16 values
//   qr_attention_s8_e4m3_*  s8 scores of smoothed keys, e4m3 values (where e4m3 products are native)
//
// Grid: tiles of queries, heads, batch. Dynamic shared memory: Attention::SHARED. Where a block's memory leaves room for no second
// one in 100 KB (sm_86, sm_89, sm_120), it has 8 warps, two for each scheduler, instead of 4:
//
//   tiles of 128 queries, 4 warps of 32       heads of 64 channels (40 to 48 KB), s8_e4m3 (48 KB)
//   tiles of 256 queries, 8 warps of 32       s8_bf16 of 128 channels (80 KB)
//   tiles of 128 queries, 8 warps of 16       bf16 of 128 channels (96 KB)
#include "attention_tile.cuh"

#define QR_ATTENTION(name, scores, values, dim, warps, tiles, blocks)                                 \
    extern "C" __global__ void __launch_bounds__(32 * warps, blocks) name(qr::AttentionTask task) { \
        QR_DYNAMIC_SHARED(shared);                                                                    \
        qr::Attention<qr::scores, qr::values, dim, warps, tiles, 32>::run(task, shared);              \
    }

QR_ATTENTION(qr_attention_bf16_d64, ScoresBf16, ValuesBf16, 64, 4, 2, 3)
QR_ATTENTION(qr_attention_bf16_d128, ScoresBf16, ValuesBf16, 128, 8, 1, 1)
QR_ATTENTION(qr_attention_s8_bf16_d64, ScoresS8, ValuesBf16, 64, 4, 2, 3)
QR_ATTENTION(qr_attention_s8_bf16_d128, ScoresS8, ValuesBf16, 128, 8, 2, 1)
#if QR_E4M3
QR_ATTENTION(qr_attention_s8_e4m3_d64, ScoresS8, ValuesE4m3, 64, 4, 2, 2)
QR_ATTENTION(qr_attention_s8_e4m3_d128, ScoresS8, ValuesE4m3, 128, 4, 2, 2)
#endif
