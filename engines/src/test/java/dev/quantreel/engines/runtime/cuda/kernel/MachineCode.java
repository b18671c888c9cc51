package dev.quantreel.engines.runtime.cuda.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/// The machine code of a cubin (an ELF file): how often each kernel multiplies matrices, by kind of instruction, and
/// what overlaps.
///
/// Instructions are 128 bits wide since sm_70; the low 12 bits of the first word are the operation (9 bits) and the
/// form of its operands (3 bits). The numbers were read off with nvdisasm 13 for sm_80 to sm_120a.
final class MachineCode {

    private static final String CODE_SECTION = ".text.";
    private static final int OPERATION = 0x1FF;

    /// Set in the second word of an IMMA whose operands have four bits.
    private static final long FOUR_BITS = 0x380000;

    /// Waits of a warpgroup for its products, and exponentials (MUFU.EX2); what tells them from their relatives.
    private static final int WARPGROUP = 0x1C5;

    private static final long WAIT = 1L << 47;
    private static final int MUFU = 0x108;
    private static final int EXPONENTIAL = 8;

    /// Instructions of the tensor cores.
    enum MatrixInstruction {
        /// Integers of 8 bits, `mma.sync`.
        IMMA_S8(0x037),
        /// Integers of 4 bits, `mma.sync`: 2^4 times 16 x 8 x 64 on sm_80, 86, 89, emulated elsewhere.
        IMMA_S4(0x037),
        /// 16-bit floating point, `mma.sync`; also what fp8 becomes on chips without it (sm_90, sm_100).
        HMMA(0x03C),
        /// fp8, `mma.sync` (sm_89, sm_120).
        QMMA(0x07A),
        /// Integers of 8 bits of a warpgroup, `wgmma` (sm_90a).
        IGMMA(0x1F1),
        /// 16-bit floating point of a warpgroup (sm_90a).
        HGMMA(0x1F0),
        /// fp8 of a warpgroup (sm_90a).
        QGMMA(0x1F3);

        private final int operation;

        MatrixInstruction(int operation) {
            this.operation = operation;
        }

        private boolean is(long first, long second) {
            boolean narrow = (second & FOUR_BITS) == FOUR_BITS;
            return (first & OPERATION) == operation && (this != IMMA_S4 || narrow) && (this != IMMA_S8 || !narrow);
        }
    }

    private MachineCode() {}

    /// Counts of every kernel of a file, zeros left out.
    static Map<String, Map<MatrixInstruction, Integer>> matrixInstructions(Path cubin) throws IOException {
        Map<String, Map<MatrixInstruction, Integer>> result = new TreeMap<>();
        kernels(cubin).forEach((name, code) -> result.put(name, count(code)));
        return result;
    }

    /// By kernel: exponentials that stand between a wait for all products but the newest group and the wait for
    /// that one, which runs meanwhile.
    static Map<String, Integer> exponentialsBesideProducts(Path cubin) throws IOException {
        Map<String, Integer> result = new TreeMap<>();
        kernels(cubin).forEach((name, code) -> {
            boolean beside = false;
            int count = 0;
            for (int at = 0; at + 16 <= code.limit(); at += 16) {
                long first = code.getLong(at);
                int pending = (int) (code.getLong(at + 8) >> 8) & 0xFF;
                int operation = (int) first & OPERATION;
                if (operation == WARPGROUP && (first & WAIT) != 0) {
                    beside = pending == 1;
                } else if (beside && operation == MUFU && pending == EXPONENTIAL) {
                    count++;
                }
            }
            result.put(name, count);
        });
        return result;
    }

    /// The instructions of every kernel of a file.
    private static Map<String, ByteBuffer> kernels(Path cubin) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(cubin)).order(ByteOrder.LITTLE_ENDIAN);
        int sections = (int) elf.getLong(0x28);
        int entryBytes = Short.toUnsignedInt(elf.getShort(0x3A));
        int count = Short.toUnsignedInt(elf.getShort(0x3C));
        int names = sections + entryBytes * Short.toUnsignedInt(elf.getShort(0x3E));
        Map<String, ByteBuffer> result = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            int header = sections + i * entryBytes;
            String name = text(elf, (int) elf.getLong(names + 0x18) + elf.getInt(header));
            if (name.startsWith(CODE_SECTION)) {
                int offset = (int) elf.getLong(header + 0x18);
                int bytes = (int) elf.getLong(header + 0x20);
                ByteBuffer code = elf.slice(offset, bytes).order(ByteOrder.LITTLE_ENDIAN);
                result.put(name.substring(CODE_SECTION.length()), code);
            }
        }
        return result;
    }

    private static Map<MatrixInstruction, Integer> count(ByteBuffer code) {
        Map<MatrixInstruction, Integer> counts = new EnumMap<>(MatrixInstruction.class);
        for (int at = 0; at + 16 <= code.limit(); at += 16) {
            long first = code.getLong(at);
            long second = code.getLong(at + 8);
            for (MatrixInstruction instruction : MatrixInstruction.values()) {
                if (instruction.is(first, second)) {
                    counts.merge(instruction, 1, Integer::sum);
                }
            }
        }
        return counts;
    }

    private static String text(ByteBuffer elf, int offset) {
        int end = offset;
        while (elf.get(end) != 0) {
            end++;
        }
        return new String(elf.array(), offset, end - offset, StandardCharsets.US_ASCII);
    }
}
