package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import remus.domain.DiskSelection;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.RecordStore;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.Identities;
import remus.protocol.PeerLink;
import remus.protocol.Versions;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Channel;
import remus.protocol.wire.FailoverMode;
import remus.protocol.wire.Fate;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Member;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Region;
import remus.protocol.wire.Welcome;

class BackupServiceTest {
    private static final String UUID_TEXT = new UUID(1, 2).toString();
    private static final long MILLI = 1_000_000;

    private final FakeBackupHost host = new FakeBackupHost();
    private BackupService service = new BackupService(host);

    private static Hello hello(long incarnation, int port) {
        return Versions.OURS
                .offer(Hello.newBuilder())
                .setChannel(Channel.DATA)
                .setIdentity(Identities.of(UUID_TEXT, incarnation))
                .setAgentPort(port)
                .build();
    }

    private static Offer.Builder offer() {
        return Offer.newBuilder()
                .setGroupName("web")
                .setFailover(FailoverMode.MANUAL)
                .setIntervalNanos(50 * MILLI)
                .setSilenceLimitNanos(1000 * MILLI)
                .setReconnectGraceNanos(100 * MILLI)
                .addMembers(member(4096));
    }

    private static Member.Builder member(long bytes) {
        return Member.newBuilder()
                .setName("vm")
                .setHypervisor("fake")
                .addRegions(Region.newBuilder().setName("ram").setBytes(bytes));
    }

    /** A connection that has been greeted. */
    private PeerLink.Listener greeted(RecordingLink link, Hello hello) {
        PeerLink.Listener door = service.door();
        door.onFrame(link, Frame.of(FrameType.HELLO, hello));
        return door;
    }

    private void settle() throws InterruptedException {
        for (Thread thread : host.background) {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        }
    }

    private RecordingLink offered(Hello hello, Offer offer) throws InterruptedException {
        RecordingLink link = new RecordingLink();
        greeted(link, hello).onFrame(link, Frame.of(FrameType.OFFER, offer));
        settle();
        return link;
    }

    @Test
    void givesANameToOneOfTwoOffersAtATime() throws Exception {
        CyclicBarrier bothExamined = new CyclicBarrier(2);
        host.examining =
                () -> {
                    try {
                        bothExamined.await(10, TimeUnit.SECONDS);
                    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                        throw new AssertionError("the offers were not examined at one time", e);
                    }
                };
        RecordingLink one = new RecordingLink();
        RecordingLink other = new RecordingLink();
        greeted(one, hello(7, 7070)).onFrame(one, Frame.of(FrameType.OFFER, offer().build()));
        greeted(other, hello(8, 7070)).onFrame(other, Frame.of(FrameType.OFFER, offer().build()));
        settle();
        assertThat(host.groups).hasSize(1);
        boolean firstWon = host.groups.get(0).record().incarnation() == 7;
        RecordingLink loser = firstWon ? other : one;
        assertThat(loser.refusal().getCode()).isEqualTo("group-exists");
        assertThat((firstWon ? one : other).sent)
                .noneMatch(frame -> frame.type() == FrameType.REFUSED);
    }

    @Test
    void refusesWhatItCouldNotKeepTo() throws InterruptedException {
        refuses(o -> o.setIntervalNanos(0), "bad-offer", "interval: 0 ns (expected: 1 ms");
        refuses(o -> o.setIntervalNanos(-1), "bad-offer", "18446744073709551615 ns");
        refuses(o -> o.setSilenceLimitNanos(29 * MILLI), "bad-offer", "silence-limit: 29000000 ns");
        refuses(o -> o.setSilenceLimitNanos(Long.MAX_VALUE), "bad-offer", "silence-limit: 92");
        refuses(o -> o.setReconnectGraceNanos(11_000 * MILLI), "bad-offer", "reconnect-grace");
        refuses(o -> o.setFailover(FailoverMode.FAILOVER_INVALID), "bad-offer", "failover mode");
        refuses(o -> o.setFailoverValue(17), "bad-offer", "failover mode");
        refuses(o -> o.setGroupName("../web"), "bad-group-name", "../web");
        refuses(Offer.Builder::clearMembers, "bad-group", "members: 0 (expected: 1 to 64)");
        refuses(o -> o.setMembers(0, member(0)), "bad-offer", "0 bytes (expected: a positive");
        refuses(o -> o.setMembers(0, member(4097)), "bad-offer", "4097 bytes");
        refuses(o -> o.setMembers(0, member(-4096)), "bad-offer", "18446744073709547520 bytes");
        refuses(o -> o.setMembers(0, member(1L << 62)), "bad-offer", "(expected: <= 8796093022208");
        refuses(
                o -> o.setMembers(0, member(1L << 42)).addMembers(member((1L << 42) + 4096)),
                "bad-offer",
                "for all regions of a group");
        assertThat(host.groups).isEmpty();
    }

    private void refuses(Consumer<Offer.Builder> wrong, String code, String problem)
            throws InterruptedException {
        Offer.Builder offer = offer();
        wrong.accept(offer);
        Refused refused = offered(hello(7, 7070), offer.build()).refusal();
        assertThat(refused.getCode()).as(problem).isEqualTo(code);
        assertThat(refused.getProblem()).contains(problem);
        assertThat(refused.getCorrection()).isNotEmpty();
    }

    @Test
    void refusesAPrimaryWhoseAgentCannotBeProbed() throws InterruptedException {
        for (int port : new int[] {0, 65_536, -1}) {
            Refused refused = offered(hello(7, port), offer().build()).refusal();
            assertThat(refused.getCode()).isEqualTo("bad-offer");
            assertThat(refused.getProblem()).startsWith("agent port: ");
        }
        assertThat(host.groups).isEmpty();
        assertThat(
                        offered(hello(7, 0), offer().setDryRun(true).build())
                                .last(FrameType.ACCEPTED, Accepted.class))
                .as("a dry run leaves nothing that is probed")
                .isNotNull();
    }

    @Test
    void refusesAGroupWithoutAUuid() throws InterruptedException {
        Hello nobody = hello(7, 7070).toBuilder().clearIdentity().build();
        assertThat(offered(nobody, offer().build()).refusal().getProblem())
                .isEqualTo("group: 0 bytes (expected: 16)");
    }

    @Test
    void knownGroupsAreWelcomedWithTheVersionToSpeak() {
        host.disk.put("web", record(Standing.ACTIVATED));
        service = new BackupService(host);
        BackupGroup group = host.groups.get(0);
        RecordingLink link = new RecordingLink();
        group.connected(link, hello(7, 7070), 42);
        Welcome welcome = link.last(FrameType.WELCOME, Welcome.class);
        assertThat(welcome.getVersion()).isEqualTo(42);
        assertThat(welcome.getFate()).isEqualTo(Fate.ACTIVATED);
    }

    @Test
    void followsWhatItTookOverAlsoInALaterLife() {
        host.disk.put("web", record(Standing.ACTIVATED));
        service = new BackupService(host);
        BackupGroup group = host.groups.get(0);
        assertThat(group.doWork(0)).as("looks again").isEqualTo(1_000 * MILLI);
        assertThat(group.view().memberStates()).containsExactly("running");
        host.afterlives.put("vm", BackupHost.Afterlife.OFF);
        host.now = 999 * MILLI;
        group.doWork(host.now);
        assertThat(group.state()).isEqualTo(BackupState.ACTIVE);
        host.now = 1_000 * MILLI;
        group.doWork(host.now);
        assertThat(group.state()).isEqualTo(BackupState.OFF);
        assertThat(group.view().memberStates()).containsExactly("off");
        service = new BackupService(host);
        assertThat(host.groups.get(1).state()).as("as recorded").isEqualTo(BackupState.OFF);
    }

    @Test
    void saysThatATakenOverGuestDidNotSurviveTheHost() {
        host.disk.put("web", record(Standing.ACTIVATED));
        host.afterlives.put("vm", BackupHost.Afterlife.GONE);
        service = new BackupService(host);
        host.groups.get(0).doWork(0);
        assertThat(host.groups.get(0).state()).isEqualTo(BackupState.LOST);
        assertThat(host.groups.get(0).view().reason().sentence()).contains("rebooted");
        assertThat(host.disk.get("web").standing()).isEqualTo(Standing.ACTIVATED);
    }

    @Test
    void namesOnRecordHereAreNotGivenAway() throws InterruptedException {
        host.unreadable.add(RecordStore.Unreadable.of("web", "web.json is cut"));
        Refused unknown = offered(hello(7, 7070), offer().build()).refusal();
        assertThat(unknown.getCode()).isEqualTo("record-unreadable");
        assertThat(unknown.getProblem()).contains("web.json is cut");
        host.unreadable.clear();
        host.disk.put("web", record(GroupRecord.Role.PRIMARY, Standing.PROTECTED));
        assertThat(offered(hello(7, 7070), offer().build()).refusal().getProblem())
                .isEqualTo("this host is the primary of a group web");
        assertThat(host.groups).isEmpty();
    }

    private static GroupRecord record(Standing standing) {
        return record(GroupRecord.Role.BACKUP, standing);
    }

    private static GroupRecord record(GroupRecord.Role role, Standing standing) {
        return new GroupRecord(
                "web",
                UUID_TEXT,
                role,
                7,
                standing,
                "192.0.2.1:40000",
                "MANUAL",
                50 * MILLI,
                false,
                List.of(new GroupRecord.Member("vm")),
                DiskSelection.WRITABLE,
                false,
                0);
    }
}
