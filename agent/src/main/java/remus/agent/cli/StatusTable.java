package remus.agent.cli;

import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;
import remus.agent.api.StatusResponse;

/** Status for people, in 100 columns. */
final class StatusTable {
    private static final String WITNESS_AWAY =
            "The witness cannot be reached from here. While both hosts are well that changes"
                    + " nothing; until it is back\n"
                    + "this host takes nothing over, and goes on alone with nothing.\n";

    private StatusTable() {}

    static String render(StatusResponse status) {
        String alert = status.getWitness().equals("away") ? WITNESS_AWAY : "";
        if (status.getGroupsCount() == 0) {
            return alert
                    + Table.clean(status.getHost())
                    + ": nothing is protected here; `remus domains` lists what could be\n";
        }
        Table table =
                new Table(
                        "GROUP",
                        "STATE",
                        "SINCE",
                        "EPOCH",
                        "ACK AGE",
                        "INTERVAL",
                        "PAUSE p50/p99",
                        "DIRTY",
                        "RATE",
                        "HELD");
        for (GroupStatus group : status.getGroupsList()) {
            table.row(
                    shortened(group.getName()),
                    group.getState(),
                    since(status, group),
                    Long.toUnsignedString(group.getEpoch()),
                    group.getAckedEpoch() == 0 ? "-" : Human.duration(group.getLastAckAgeNanos()),
                    group.getIntervalNanos() == 0 ? "-" : Human.duration(group.getIntervalNanos()),
                    pause(group),
                    Long.toString(group.getDirtyPages().getP50()),
                    Human.bytes(group.getBandwidthBytesPerSecond()) + "/s",
                    Human.bytes(
                            group.getMembersList().stream()
                                    .mapToLong(MemberStatus::getHeldBytes)
                                    .sum()));
            notes(table, group);
        }
        return alert + table.render();
    }

    private static void notes(Table table, GroupStatus group) {
        String reason =
                group.getReason()
                        + (group.getCorrection().isEmpty() ? "" : "; " + group.getCorrection());
        table.note(
                "  "
                        + group.getRole()
                        + (group.getPeer().isEmpty() ? "" : ", peer " + group.getPeer())
                        + ": "
                        + reason);
        if (group.getSeedTotalBytes() > 0 && group.getSeedBytes() < group.getSeedTotalBytes()) {
            table.note(
                    "  first copy: "
                            + Human.bytes(group.getSeedBytes())
                            + " of "
                            + Human.bytes(group.getSeedTotalBytes()));
        }
        DiskLines.of(group).forEach(table::note);
        if (group.getTakeoverNanos() > 0) {
            table.note(
                    "  took over in "
                            + Human.duration(group.getTakeoverNanos())
                            + ", from the suspicion to the guest running");
        }
        for (MemberStatus member : group.getMembersList()) {
            boolean telling =
                    group.getMembersCount() > 1
                            || member.getState().equals("paused")
                            || member.getDroppedPackets() > 0
                            || Math.abs(member.getClockLagNanos()) >= 1_000_000_000L;
            if (telling) {
                table.note(member(member));
            }
        }
    }

    private static String member(MemberStatus member) {
        return "  "
                + member.getName()
                + ": "
                + member.getState()
                + ", holds "
                + Human.bytes(member.getHeldBytes())
                + " in "
                + member.getHeldPackets()
                + " packets, dropped "
                + member.getDroppedPackets()
                + ", clock lag "
                + Human.duration(member.getClockLagNanos());
    }

    private static String pause(GroupStatus group) {
        long p99 = group.getPauseNanos().getP99();
        return p99 == 0
                ? "-"
                : Human.millis(group.getPauseNanos().getP50()) + "/" + Human.millis(p99) + "ms";
    }

    private static String since(StatusResponse status, GroupStatus group) {
        long millis = status.getTimeUnixMillis() - group.getSinceUnixMillis();
        return Human.duration(Math.max(0, millis) * 1_000_000);
    }

    private static String shortened(String name) {
        return name.length() <= 16 ? name : name.substring(0, 15) + "~";
    }
}
