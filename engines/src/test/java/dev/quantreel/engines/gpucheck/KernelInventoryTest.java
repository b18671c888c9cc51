package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KernelInventoryTest {

    private static final int PTX = 1;
    private static final int MACHINE_CODE = 2;

    @Test
    void theKernelsOfTheSourceTreeAreThere() throws IOException {
        assertThat(KernelInventory.units()).contains("gemm_s8s4", "gemm_s4s4").isSorted();
        assertThat(KernelInventory.describe()).contains("gemm_s8s4");
    }

    @Test
    void chipsOfAFatbinAreThoseItHasMachineCodeFor() {
        ByteBuffer fatbin =
                ByteBuffer.allocate(16 + 64 + 24 + 64 + 8 + 112 + 40).order(ByteOrder.LITTLE_ENDIAN);
        fatbin.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(fatbin.capacity() - 16);
        entry(fatbin, PTX, 64, 24, 75);
        entry(fatbin, MACHINE_CODE, 64, 8, 90);
        entry(fatbin, MACHINE_CODE, 112, 40, 120);

        assertThat(KernelInventory.chips(fatbin.array())).isEqualTo(Set.of(90, 120));
    }

    private static void entry(ByteBuffer fatbin, int kind, int headerBytes, int bytes, int chip) {
        int at = fatbin.position();
        fatbin.putShort((short) kind).putShort((short) 257).putInt(headerBytes).putLong(bytes);
        fatbin.putInt(at + 28, chip);
        fatbin.position(at + headerBytes + bytes);
    }

    @Test
    void somethingElseIsNoFatbin() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KernelInventory.chips(new byte[20]))
                .withMessageContaining("magic");
    }
}
