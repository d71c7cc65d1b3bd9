package remus.testkit;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import remus.ha.GroupRecord;

/** One machine: its processes, its disk, and the agent's present life. */
final class SimHost {
    final String name;
    final Map<String, SimGuest> guests = new LinkedHashMap<>();
    final List<SimStandby> standbys = new ArrayList<>();
    final Map<String, GroupRecord> disk = new HashMap<>();

    /** Of the disks of the group that this host is backup of. */
    final List<ByteBuffer> images = new ArrayList<>();

    boolean alive = true;
    SimAgent agent;

    SimHost(String name) {
        this.name = name;
    }

    boolean listens() {
        return alive && agent != null && agent.alive;
    }
}
