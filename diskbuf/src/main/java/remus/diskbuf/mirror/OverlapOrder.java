package remus.diskbuf.mirror;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests for overlapping ranges begin one after the other, in the order in which they came,
 * and all others at once. Any thread.
 */
final class OverlapOrder {
    /** A request for a range. */
    abstract static class Request {
        long offset;
        long length;

        /** It may begin; called once, outside of every lock. {@link #leave} follows. */
        abstract void begin();

        private boolean overlaps(Request other) {
            return offset < other.offset + other.length && other.offset < offset + length;
        }
    }

    private final List<Request> begun = new ArrayList<>();
    private final List<Request> waiting = new ArrayList<>();

    /** Begins the request now, or when those that came before and overlap it have left. */
    void enter(Request request) {
        synchronized (this) {
            if (overlaps(request, begun, begun.size())
                    || overlaps(request, waiting, waiting.size())) {
                waiting.add(request);
                return;
            }
            begun.add(request);
        }
        request.begin();
    }

    /** The request is over, whatever became of it; those that waited for it begin. */
    void leave(Request request) {
        synchronized (this) {
            int at = begun.indexOf(request);
            begun.set(at, begun.get(begun.size() - 1));
            begun.remove(begun.size() - 1);
        }
        for (Request next = next(); next != null; next = next()) {
            next.begin();
        }
    }

    private synchronized @Nullable Request next() {
        for (int i = 0; i < waiting.size(); i++) {
            Request request = waiting.get(i);
            if (!overlaps(request, begun, begun.size()) && !overlaps(request, waiting, i)) {
                waiting.remove(i);
                begun.add(request);
                return request;
            }
        }
        return null;
    }

    private static boolean overlaps(Request request, List<Request> others, int count) {
        for (int i = 0; i < count; i++) {
            if (request.overlaps(others.get(i))) {
                return true;
            }
        }
        return false;
    }
}
