package remus.domain;

import static remus.domain.Slab.PAGES;
import static remus.domain.Slab.PAGE_BYTES;
import static remus.domain.Slab.TABLE_BYTES;
import static remus.domain.Slab.ZERO_RUN;

import java.nio.ByteBuffer;

/** Rewrites a slab in place so that all-zero pages are runs without bytes. */
final class SlabZeroPages {
    private static final ByteBuffer ZERO = ByteBuffer.allocateDirect(PAGE_BYTES);

    private SlabZeroPages() {}

    static void elide(Slab slab, int[] firstPages, int[] counts) {
        ByteBuffer memory = slab.memory();
        int[] newFirst = new int[PAGES];
        int[] newCounts = new int[PAGES];
        int newRuns = 0;
        int kept = 0;
        int source = 0;
        for (int run = 0; run < slab.runs(); run++) {
            if (counts[run] < 0) {
                throw new IllegalStateException("zero pages are elided already");
            }
            for (int i = 0; i < counts[run]; i++, source++) {
                int from = TABLE_BYTES + source * PAGE_BYTES;
                boolean zero = isZero(memory, from);
                int page = firstPages[run] + i;
                if (newRuns > 0 && extendsRun(newFirst, newCounts, newRuns - 1, page, zero)) {
                    newCounts[newRuns - 1]++;
                } else {
                    newFirst[newRuns] = page;
                    newCounts[newRuns] = zero ? ZERO_RUN | 1 : 1;
                    newRuns++;
                }
                if (!zero) {
                    if (kept != source) {
                        memory.put(TABLE_BYTES + kept * PAGE_BYTES, memory, from, PAGE_BYTES);
                    }
                    kept++;
                }
            }
        }
        System.arraycopy(newFirst, 0, firstPages, 0, newRuns);
        System.arraycopy(newCounts, 0, counts, 0, newRuns);
        slab.setRuns(newRuns, kept);
    }

    private static boolean extendsRun(int[] first, int[] counts, int last, int page, boolean zero) {
        boolean lastZero = (counts[last] & ZERO_RUN) != 0;
        return lastZero == zero && first[last] + (counts[last] & ~ZERO_RUN) == page;
    }

    /** The first words decide for nearly every page that is not zero. */
    private static boolean isZero(ByteBuffer memory, int offset) {
        return memory.getLong(offset) == 0
                && memory.getLong(offset + PAGE_BYTES / 2) == 0
                && memory.slice(offset, PAGE_BYTES).mismatch(ZERO.duplicate()) < 0;
    }
}
