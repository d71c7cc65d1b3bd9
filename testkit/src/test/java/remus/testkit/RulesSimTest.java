package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import remus.backup.BackupState;
import remus.domain.DomainEvent;
import remus.domain.Slab;
import remus.primary.GroupState;
import remus.primary.PrimaryView;

/** The rules of who may speak, run and forget, one story each. */
class RulesSimTest extends SimStory {
    @Test
    void becomesProtectedAndIsLetGoAsItWasFound() {
        protect(Scenario.plain());
        live(500);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
        assertThat(world.checker.packetsOnAck).isPositive();
        operator("unprotect");
        live(500);
        assertThat(world.state()).isEqualTo(GroupState.UNPROTECTED);
        assertThat(world.backupState()).isEqualTo(BackupState.CONCEDED);
        assertThat(world.guest(0).filtered).isFalse();
        assertThat(world.guest(0).runs()).isTrue();
        assertThat(world.primary.disk).isEmpty();
    }

    @Test
    void releasesNothingBeforeAck() {
        protect(Scenario.plain(), "at 500ms cut to-primary for 300ms");
        live(510);
        long before = world.checker.packets;
        live(280);
        assertThat(world.checker.packets).isEqualTo(before);
        live(1000);
        assertThat(world.checker.packets).isGreaterThan(before);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
    }

    @Test
    void backupTakesOverWhenTheHostDies() {
        protect(Scenario.plain().automatic().members(2), "at 500ms kill primary-host");
        live(3000);
        assertThat(world.backupState()).isEqualTo(BackupState.ACTIVE);
        assertThat(copy(0).runs()).isTrue();
        assertThat(copy(1).runs()).isTrue();
    }

    @Test
    void restartedPrimaryAsksBeforeItSpeaks() {
        protect(
                Scenario.plain(),
                "at 500ms kill primary-agent for 300ms",
                "at 750ms cut link for 2000ms");
        live(600);
        long before = world.checker.packets;
        live(2000);
        assertThat(world.checker.packets).as("backup unreachable: held").isEqualTo(before);
        assertThat(world.state()).isEqualTo(GroupState.DEGRADED);
        assertThat(world.guest(0).runs()).isTrue();
        live(3000);
        assertThat(world.state())
                .as("asked, conceded, begun again")
                .isEqualTo(GroupState.PROTECTED);
    }

    @Test
    void restartedPrimaryIsSilentWhenTheBackupActivated() {
        protect(Scenario.plain().automatic(), "at 500ms kill primary-agent for 300ms");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.SUPERSEDED);
        assertThat(world.guest(0).retired).isTrue();
        assertThat(copy(0).runs()).isTrue();
    }

    @Test
    void supersededPrimaryStaysSilentAcrossItsRestart() {
        protect(
                Scenario.plain().automatic(),
                "at 500ms stop primary-agent for 1500ms",
                "at 3000ms kill primary-agent for 100ms");
        live(5000);
        assertThat(world.state()).isEqualTo(GroupState.SUPERSEDED);
        assertThat(world.guest(0).retired).isTrue();
        operator("unprotect");
        live(100);
        assertThat(world.guest(0).alive).as("the stale copy").isFalse();
        assertThat(copy(0).runs()).isTrue();
    }

    @Test
    void sessionResumesFromTheFirstUnacknowledgedEpoch() {
        protect(Scenario.plain().far(4, 8_000_000), "at 507ms reset connections");
        live(500);
        long epoch = world.view().epoch();
        live(1000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.view().epoch()).as("no new incarnation").isGreaterThan(epoch);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(1);
    }

    @Test
    void ownersStopIsNotOurs() {
        protect(Scenario.plain(), "at 500ms pause guest for 600ms");
        live(900);
        long epoch = world.view().epoch();
        assertThat(world.guest(0).paused).isTrue();
        assertThat(world.reason()).isEqualTo("guest-paused");
        live(150);
        assertThat(world.view().epoch()).isEqualTo(epoch);
        live(400);
        assertThat(world.view().epoch()).isGreaterThan(epoch);
        assertThat(world.reason()).isEqualTo("protected");
    }

    @Test
    void shutdownIsNeverResurrected() {
        protect(Scenario.plain().automatic(), "at 500ms shut guest down");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.OFF);
        assertThat(world.backupState()).isEqualTo(BackupState.CONCEDED);
        assertThat(world.backup.guests).isEmpty();
    }

    @Test
    void shutdownOfOneMemberLeavesTheOthersAlone() {
        protect(Scenario.plain().members(2), "at 500ms shut guest down");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.OFF);
        assertThat(world.guest(1).runs()).isTrue();
        assertThat(world.guest(1).filtered).isFalse();
    }

    @Test
    void deadGuestIsTakenOverAtOnce() {
        protect(Scenario.plain().automatic(), "at 500ms kill guest");
        live(550);
        assertThat(world.backupState()).isEqualTo(BackupState.ACTIVE);
    }

    @Test
    void onlyCopyIsNeverGivenUp() {
        protect(
                Scenario.plain(),
                "at 500ms cut link for 900ms",
                "at 600ms kill guest",
                "at 700ms kill primary-agent for 100ms");
        live(4000);
        assertThat(world.state()).isEqualTo(GroupState.DEGRADED);
        assertThat(world.reason()).isEqualTo("domain-lost");
        operator("failover");
        live(2000);
        assertThat(copy(0).runs()).isTrue();
        assertThat(world.state()).isEqualTo(GroupState.SUPERSEDED);
    }

    @Test
    void voidEpochTravelsWithTheNext() {
        protect(
                Scenario.plain().automatic(),
                "at 500ms foreign-resume copy",
                "at 500ms foreign-resume harvest",
                "at 500ms foreign-resume save",
                "at 700ms kill primary-host");
        live(3000);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(1);
        assertThat(copy(0).runs()).isTrue();
    }

    @Test
    void brokenConfigStartsOver() {
        protect(Scenario.plain(), "at 500ms change config");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(2);
    }

    @Test
    void lostPagesStartOver() {
        protect(Scenario.plain(), "at 500ms fail copy");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(2);
    }

    @Test
    void failedSuspendIsTriedAgain() {
        protect(Scenario.plain(), "at 500ms fail suspend", "at 500ms fail save");
        live(1000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.reason()).isEqualTo("protected");
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(1);
    }

    @Test
    void operatorFailoverWorksWhilePrimaryLives() {
        protect(Scenario.plain().members(2), "at 500ms operator failover");
        live(3000);
        assertThat(world.backupState()).isEqualTo(BackupState.ACTIVE);
        assertThat(world.state()).isEqualTo(GroupState.SUPERSEDED);
        assertThat(world.guest(1).retired).isTrue();
    }

    @Test
    void concedeAndActivateExcludeEachOther() {
        for (int millis = 490; millis < 510; millis++) {
            protect(
                    Scenario.plain().automatic().far(2, 4_000_000),
                    "at 500ms operator failover",
                    "at " + millis + "ms operator unprotect");
            live(4000);
            boolean one = world.backupState() == BackupState.ACTIVE;
            boolean other = world.state() == GroupState.UNPROTECTED;
            assertThat(one).as(world.story()).isNotEqualTo(other);
        }
    }

    @Test
    void backupDiesWhileSeeding() {
        protect(Scenario.plain(), "at 3ms kill backup-agent for 200ms");
        live(3000);
        assertThat(world.state()).isIn(GroupState.UNPROTECTED, GroupState.PROTECTED);
        protect(Scenario.plain(), "at 500ms change config", "at 503ms kill backup-agent for 200ms");
        live(5000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
    }

    @Test
    void backupThatDiedGivesItsCopyUp() {
        protect(Scenario.plain().automatic(), "at 500ms kill backup-agent for 100ms");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isGreaterThan(1);
    }

    @Test
    void lossOfTheBackupHoldsUntilAnOperatorsWord() {
        protect(Scenario.plain(), "at 500ms kill backup-host");
        live(600);
        long before = world.checker.packets;
        live(5000);
        assertThat(world.state()).isEqualTo(GroupState.DEGRADED);
        assertThat(world.checker.packets).isEqualTo(before);
        operator("unprotect");
        live(100);
        assertThat(world.outcomes.get("unprotect")).contains("cannot be asked");
        operator("force");
        live(100);
        assertThat(world.state()).isEqualTo(GroupState.UNPROTECTED);
        assertThat(world.checker.packets).isGreaterThan(before);
    }

    @Test
    void guestWritesOnThoughItsBackupStaysAway() {
        protect(Scenario.plain(), "at 500ms kill backup-host");
        live(7000);
        long waiting = world.guest(0).counter();
        live(1000);
        assertThat(world.guest(0).counter()).as("its writes wait").isEqualTo(waiting);
        live(5000);
        assertThat(world.guest(0).counter()).isGreaterThan(waiting);
        assertThat(world.state()).as("its output is held").isEqualTo(GroupState.DEGRADED);
        operator("force");
        live(100);
        assertThat(world.state()).isEqualTo(GroupState.UNPROTECTED);
    }

    @Test
    void suspendedGuestRunsAgainWhenItsAgentRestarts() {
        protect(Scenario.plain(), "at 500ms crash primary-agent before resume for 700ms");
        live(1000);
        assertThat(world.guest(0).suspended).isTrue();
        live(500);
        assertThat(world.guest(0).runs()).isTrue();
    }

    @Test
    void fullWindowCountsTicksAndSuspendsNobody() {
        protect(Scenario.plain().far(1, 60_000_000));
        live(3000);
        PrimaryView view = world.view();
        assertThat(view.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(view.missedTicks()).isPositive();
        assertThat(view.epoch()).isLessThan(40);
    }

    @Test
    void whatStagingCannotHoldIsCopiedWhileTheGuestRuns() {
        protect(
                Scenario.busy(),
                "at 500ms cut to-primary for 300ms",
                "at 1000ms kill primary-host");
        live(500);
        SimGuest guest = world.guest(0);
        long epoch = world.view().epoch();
        guest.mostPagesSuspended = 0;
        live(300);
        long staging = world.scenario.stagingBytes() / Slab.PAGE_BYTES;
        assertThat(guest.dirty.cardinality()).as("written meanwhile").isGreaterThan((int) staging);
        live(100);
        assertThat(world.view().epoch()).isGreaterThan(epoch);
        assertThat(guest.mostPagesSuspended).isPositive().isLessThan(staging);
        live(2000);
        assertThat(copy(0).runs()).isTrue();
    }

    @Test
    void panickedGuestIsReplicatedLikeAnyOther() {
        protect(Scenario.plain());
        live(500);
        long epoch = world.view().ackedEpoch();
        world.guest(0).tell(DomainEvent.Kind.PANICKED, "run");
        live(500);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.view().ackedEpoch()).isGreaterThan(epoch);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(1);
    }

    @Test
    void primaryThatCannotRecordAConcessionHoldsAndAsksAgain() {
        protect(Scenario.plain(), "at 500ms change config");
        live(490);
        for (int i = 0; i < 10_000; i++) {
            world.arm("fail primary-record");
        }
        live(60);
        long before = world.checker.packets;
        live(1000);
        assertThat(world.story()).contains("now: fail primary-record");
        assertThat(world.story()).contains("backup: recorded CONCEDED of 1");
        assertThat(world.state()).isEqualTo(GroupState.DEGRADED);
        assertThat(world.checker.packets).as("held").isEqualTo(before);
        world.disarm();
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.primary.disk.get(SimWorld.GROUP).incarnation()).isEqualTo(2);
    }

    @Test
    void terminatedBackupConcedesFirst() {
        protect(Scenario.plain());
        live(500);
        world.backup.agent.run(
                () -> assertThat(world.backupGroup().operators().leave()).isNotNull());
        live(1);
        world.backup.agent.die();
        live(100);
        assertThat(world.story()).contains("backup: recorded CONCEDED of 1");
        assertThat(world.state()).isEqualTo(GroupState.CONNECTING);
        assertThat(world.guest(0).filtered).as("the guest speaks").isFalse();
    }

    @Test
    void tuneTakesEffect() {
        protect(Scenario.plain(), "at 500ms operator tune");
        live(600);
        assertThat(world.view().intervalNanos()).isEqualTo(12_500_000);
    }
}
