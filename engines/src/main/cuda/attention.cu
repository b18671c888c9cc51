// Attention: out = softmax(q kT * scale + bias) v per head, with operands that attention_prepare.cu has made.
//
//   qr_attention_bf16_*     bf16 scores, bf16 values: the reference mode
//   qr_attention_s8_bf16_*  s8 scores of smoothed keys, bf16 values
//   qr_attention_s8_e4m3_*  s8 scores of smoothed keys, e4m3 values (where e4m3 products are native)
//
// Grid: tiles of 128 queries, heads, batch; 128 threads. Dynamic shared memory: Attention::SHARED.
#include "attention_tile.cuh"

#define QR_ATTENTION(name, scores, values, dim, blocks)                                        \
    extern "C" __global__ void __launch_bounds__(128, blocks) name(qr::AttentionTask task) { \
        QR_DYNAMIC_SHARED(shared);                                                  \
        qr::Attention<qr::scores, qr::values, dim, 2, 32>::run(task, shared);       \
    }

QR_ATTENTION(qr_attention_bf16_d64, ScoresBf16, ValuesBf16, 64, 3)
QR_ATTENTION(qr_attention_bf16_d128, ScoresBf16, ValuesBf16, 128, 2)
QR_ATTENTION(qr_attention_s8_bf16_d64, ScoresS8, ValuesBf16, 64, 3)
QR_ATTENTION(qr_attention_s8_bf16_d128, ScoresS8, ValuesBf16, 128, 2)
#if QR_E4M3
QR_ATTENTION(qr_attention_s8_e4m3_d64, ScoresS8, ValuesE4m3, 64, 2)
QR_ATTENTION(qr_attention_s8_e4m3_d128, ScoresS8, ValuesE4m3, 128, 2)
#endif
