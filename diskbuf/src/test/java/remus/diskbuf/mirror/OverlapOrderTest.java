package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OverlapOrderTest {
    private final OverlapOrder order = new OverlapOrder();
    private final List<String> begun = new ArrayList<>();

    private final class Named extends OverlapOrder.Request {
        private final String name;

        Named(String name, long offset, long length) {
            this.name = name;
            this.offset = offset;
            this.length = length;
        }

        @Override
        void begin() {
            begun.add(name);
        }
    }

    private Named enter(String name, long offset, long length) {
        Named request = new Named(name, offset, length);
        order.enter(request);
        return request;
    }

    @Test
    void neighboursBeginAtOnce() {
        enter("a", 0, 10);
        enter("b", 10, 10);
        enter("c", 30, 1);
        assertThat(begun).containsExactly("a", "b", "c");
    }

    @Test
    void overlappingRequestsBeginInTheOrderOfTheirComing() {
        final Named a = enter("a", 0, 10);
        final Named b = enter("b", 5, 10);
        enter("c", 14, 10);
        enter("d", 30, 1);
        assertThat(begun).as("c waits for b, which waits for a").containsExactly("a", "d");
        order.leave(a);
        assertThat(begun).containsExactly("a", "d", "b");
        order.leave(b);
        assertThat(begun).containsExactly("a", "d", "b", "c");
    }

    @Test
    void severalThatWaitedForOneBeginTogether() {
        Named wide = enter("wide", 0, 100);
        enter("a", 0, 10);
        enter("b", 20, 10);
        enter("a2", 9, 2);
        order.leave(wide);
        assertThat(begun).containsExactly("wide", "a", "b");
    }
}
