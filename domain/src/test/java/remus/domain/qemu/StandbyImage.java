package remus.domain.qemu;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.Staging;

/** A staging whose slabs are applied to an image in memory: what the backup would hold. */
class StandbyImage implements Staging {
    final List<ByteBuffer> regions = new ArrayList<>();
    private final SlabPool pool;
    private final List<Slab> slabs = new ArrayList<>();
    int deviceBytes;

    StandbyImage(List<MemoryRegion> regions, SlabPool pool) {
        this.pool = pool;
        for (MemoryRegion region : regions) {
            this.regions.add(ByteBuffer.allocateDirect((int) region.bytes()));
        }
    }

    @Override
    public Slab nextPages(int region) {
        Slab slab = take();
        slab.beginPages(region);
        return slab;
    }

    @Override
    public Slab nextDevices() {
        Slab slab = take();
        slab.beginDevices();
        return slab;
    }

    private Slab take() {
        Slab slab = pool.poll();
        if (slab == null) {
            apply();
            slab = pool.poll();
        }
        slabs.add(slab);
        return slab;
    }

    @Override
    public List<Slab> slabs() {
        return slabs;
    }

    /** Applies what is staged and gives the slabs back. */
    void apply() {
        for (Slab slab : slabs) {
            ByteBuffer payload = slab.payload();
            if (slab.content() == Slab.Content.DEVICES) {
                devices(payload);
            } else {
                pages(slab, payload);
            }
            pool.give(slab);
        }
        slabs.clear();
    }

    void devices(ByteBuffer payload) {
        deviceBytes += payload.remaining();
    }

    void pages(Slab slab, ByteBuffer payload) {
        ByteBuffer image = regions.get(slab.region());
        int at = slab.runs() * Slab.RUN_BYTES;
        for (int run = 0; run < slab.runs(); run++) {
            int count = slab.count(run) & ~Slab.ZERO_RUN;
            int to = slab.firstPage(run) * Slab.PAGE_BYTES;
            int bytes = count * Slab.PAGE_BYTES;
            if ((slab.count(run) & Slab.ZERO_RUN) != 0) {
                image.put(to, new byte[bytes]);
            } else {
                image.put(to, payload, at, bytes);
                at += bytes;
            }
        }
    }
}
