package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;
import remus.domain.Disk;
import remus.domain.MemoryRegion;
import remus.domain.StandbySpec;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.ProtocolException;
import remus.protocol.wire.Devices;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Pages;

class EpochAssemblerTest {
    private final EpochAssembler assembler =
            new EpochAssembler(
                    List.of(
                            new StandbySpec(
                                    "vm",
                                    "uuid",
                                    "qemu",
                                    "",
                                    List.of(new MemoryRegion("ram", 8 * 4096)),
                                    List.of(new Disk("vda", 65_536)))),
                    20_000);

    private static Frame pages(long epoch, int member, int region, int first) {
        ByteBuf payload = Unpooled.buffer().writeInt(first).writeInt(1).writeZero(4096);
        Pages header =
                Pages.newBuilder()
                        .setEpoch(epoch)
                        .setMember(member)
                        .setRegion(region)
                        .setRunCount(1)
                        .build();
        return new Frame(FrameType.PAGES, header, payload);
    }

    private static Frame devices(long epoch) {
        return new Frame(
                FrameType.DEVICES,
                Devices.newBuilder().setEpoch(epoch).build(),
                Unpooled.buffer().writeInt(7));
    }

    private static EpochEnd end(long epoch, int frames, long bytes) {
        return EpochEnd.newBuilder()
                .setEpoch(epoch)
                .setFrames(frames)
                .setPayloadBytes(bytes)
                .build();
    }

    @Test
    void wholeEpochIsHandedOverInOrder() {
        Frame one = pages(1, 0, 0, 7);
        Frame two = devices(1);
        assembler.stage(one);
        assembler.stage(two);
        assertThat(assembler.complete(end(1, 2, 4108))).containsExactly(one, two);
        assertThat(assembler.committedEpoch()).isEqualTo(1);
    }

    @Test
    void epochThatDoesNotMatchItsEndIsRefused() {
        assembler.stage(pages(1, 0, 0, 0));
        for (EpochEnd wrong : List.of(end(1, 2, 4104), end(1, 1, 4103), end(2, 1, 4104))) {
            assertThatThrownBy(() -> assembler.complete(wrong))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("expected");
        }
        assertThat(assembler.committedEpoch()).isZero();
    }

    @Test
    void epochsComeWithoutGaps() {
        assertThatThrownBy(() -> assembler.stage(devices(2))).hasMessageContaining("expected: 1");
        assembler.complete(end(1, 0, 0));
        assertThatThrownBy(() -> assembler.stage(devices(1))).hasMessageContaining("expected: 2");
    }

    @Test
    void pagesOutsideOfWhatWasOfferedAreRefused() {
        assertThatThrownBy(() -> assembler.stage(pages(1, 0, 0, 8)))
                .hasMessageContaining("expected: <= 8");
        assertThatThrownBy(() -> assembler.stage(pages(1, 0, 1, 0)))
                .hasMessageContaining("region: 1");
        assertThatThrownBy(() -> assembler.stage(pages(1, 1, 0, 0)))
                .hasMessageContaining("member: 1");
        assertThatThrownBy(() -> assembler.stage(pages(1, -1, 0, 0)))
                .hasMessageContaining("member: -1");
    }

    @Test
    void stagesNoMoreThanItsCap() {
        for (int i = 0; i < 4; i++) {
            assembler.stage(pages(1, 0, 0, i));
        }
        assertThatThrownBy(() -> assembler.stage(pages(1, 0, 0, 4)))
                .hasMessageContaining("20000 bytes");
    }

    @Test
    void droppedFramesAreGivenUpAndTheEpochMayComeAgain() {
        Frame first = pages(1, 0, 0, 0);
        assembler.stage(first);
        assembler.drop();
        assertThat(first.payload().refCnt()).isZero();
        assembler.stage(devices(1));
        assertThat(assembler.complete(end(1, 1, 4))).hasSize(1);
    }
}
