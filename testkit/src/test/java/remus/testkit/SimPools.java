package remus.testkit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import remus.domain.SlabPool;

/** Staging memory is dear to make: whole pools of finished runs are used again. */
final class SimPools {
    private static final Map<Long, Deque<SlabPool>> IDLE = new HashMap<>();

    private SimPools() {}

    static synchronized SlabPool take(long capBytes) {
        Deque<SlabPool> idle = IDLE.get(capBytes);
        return idle == null || idle.isEmpty() ? new SlabPool(capBytes) : idle.remove();
    }

    static synchronized void giveIfWhole(SlabPool pool, long capBytes) {
        if (pool.available() == pool.capacity()) {
            IDLE.computeIfAbsent(capBytes, cap -> new ArrayDeque<>()).add(pool);
        }
    }
}
