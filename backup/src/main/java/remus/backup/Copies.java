package remus.backup;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.wire.Devices;
import remus.protocol.wire.Pages;

/**
 * The standbys of a group's members; whole committed epochs are folded into them (step 10 of the
 * walk).
 */
final class Copies {
    private static final Logger LOG = LoggerFactory.getLogger(Copies.class);

    private final List<Standby> standbys = new ArrayList<>();
    private final Set<Standby> running = new HashSet<>();

    /**
     * Makes all standbys, or none.
     *
     * @param lost told if one dies by itself
     * @throws DomainException if one cannot be made
     */
    void create(BackupHost host, List<StandbySpec> specs, Runnable lost) {
        try {
            for (StandbySpec spec : specs) {
                Standby standby = host.hypervisor(spec.hypervisor()).createStandby(spec);
                standbys.add(standby);
                standby.onLost(lost);
            }
        } catch (RuntimeException e) {
            discard();
            throw e;
        }
    }

    /** The processes that are or become the domains here. */
    List<GroupRecord.Member> members() {
        return standbys.stream()
                .map(Standby::identity)
                .map(id -> new GroupRecord.Member(id.name(), id.uuid(), id.pid(), id.startTicks()))
                .toList();
    }

    /** Folds pages of the seed in and gives the frame up; the copy is not complete yet. */
    void seed(Frame frame) {
        try {
            fold(frame);
        } finally {
            frame.release();
        }
    }

    private void fold(Frame frame) {
        Pages pages = frame.header(Pages.class);
        standbys.get(pages.getMember())
                .writePages(pages.getRegion(), pages.getRunCount(), frame.payload());
    }

    /** Folds a committed epoch in and gives its frames up. */
    void apply(List<Frame> epoch) {
        try {
            foldAll(epoch);
        } finally {
            epoch.forEach(Frame::release);
        }
    }

    private void foldAll(List<Frame> epoch) {
        List<List<ByteBuf>> devices = new ArrayList<>();
        standbys.forEach(standby -> devices.add(new ArrayList<>()));
        for (Frame frame : epoch) {
            if (frame.type() == FrameType.PAGES) {
                fold(frame);
            } else {
                devices.get(frame.header(Devices.class).getMember()).add(frame.payload());
            }
        }
        for (int i = 0; i < standbys.size(); i++) {
            standbys.get(i).devices(devices.get(i));
        }
    }

    @Nullable Reason load() {
        return each("load", Standby::load);
    }

    /** Repeated after a failure, it runs those that do not run yet. */
    @Nullable Reason run() {
        return each(
                "run",
                standby -> {
                    if (!running.contains(standby)) {
                        standby.run();
                        running.add(standby);
                    }
                });
    }

    private @Nullable Reason each(String what, Consumer<Standby> step) {
        Reason failure = null;
        for (Standby standby : standbys) {
            try {
                step.accept(standby);
            } catch (DomainException e) {
                LOG.error("standby {}: cannot {}: {}", standby.identity(), what, e.getMessage(), e);
                failure = Reason.of(e);
            }
        }
        return failure;
    }

    /** Destroys what does not run; lets go of what does. */
    void discard() {
        for (Standby standby : standbys) {
            try {
                standby.close();
            } catch (DomainException e) {
                LOG.warn("standby {}: cannot be discarded: {}", standby.identity(), e.getMessage());
            }
        }
        standbys.clear();
        running.clear();
    }
}
