package remus.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
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
        assertThat(pool.poll(1)).isNull();
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
}
