package remus.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SlabPoolTest {
    @Test
    void makesWholeSlabsUpToTheCapAndAtLeastFour() {
        assertThat(new SlabPool(0).capacity()).isEqualTo(4);
        assertThat(new SlabPool(6L << 20).capacity()).isEqualTo(5);
    }

    @Test
    void lendsNoMoreThanItHas() throws InterruptedException {
        SlabPool pool = new SlabPool(0);
        List<Slab> lent = new ArrayList<>();
        for (Slab slab = pool.poll(); slab != null; slab = pool.poll()) {
            lent.add(slab);
        }
        assertThat(lent).hasSize(4).doesNotHaveDuplicates();
        assertThat(pool.poll(pool.capacity(), 1)).isNull();
        lent.forEach(pool::give);
        assertThat(pool.available()).isEqualTo(4);
    }

    @Test
    void noticesASlabThatIsGivenBackTwice() {
        SlabPool pool = new SlabPool(0);
        Slab slab = pool.poll();
        pool.give(slab);
        assertThatThrownBy(() -> pool.give(slab)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void lendsTheSlabThatCameBackLast() {
        SlabPool pool = new SlabPool(0);
        Slab first = Objects.requireNonNull(pool.poll());
        Slab second = Objects.requireNonNull(pool.poll());
        pool.give(first);
        pool.give(second);
        assertThat(pool.poll()).isSameAs(second);
        assertThat(pool.poll()).isSameAs(first);
    }

    @Test
    void lendsOnlyUpToTheLimitOfTheOneWhoAsks() throws InterruptedException {
        SlabPool pool = new SlabPool(0);
        Slab first = Objects.requireNonNull(pool.poll(2, 1));
        assertThat(pool.poll(2, 1)).isNotNull();
        assertThat(pool.poll(2, 1)).isNull();
        pool.give(first);
        assertThat(pool.poll(2, 1)).isSameAs(first);
    }

    @Test
    void slabsDoNotOverlap() {
        SlabPool pool = new SlabPool(70L << 20);
        List<Slab> lent = new ArrayList<>();
        for (Slab slab = pool.poll(); slab != null; slab = pool.poll()) {
            lent.add(slab);
        }
        for (int i = 0; i < lent.size(); i++) {
            ByteBuffer memory = lent.get(i).memory();
            memory.putInt(0, i);
            memory.putInt(memory.capacity() - 4, i);
        }
        for (int i = 0; i < lent.size(); i++) {
            ByteBuffer memory = lent.get(i).memory();
            assertThat(memory.getInt(0)).isEqualTo(i);
            assertThat(memory.getInt(memory.capacity() - 4)).isEqualTo(i);
        }
    }
}
