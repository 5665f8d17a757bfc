package io.lb4j.okhttp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import okhttp3.Headers;
import okhttp3.Request;
import okio.Utf8;
import org.jspecify.annotations.Nullable;

/** A request as the rules of a firewall look at it: what several of them want is worked out once. Not thread-safe. */
final class Inspection {
    /** As HTTP/1.1 writes a header: a colon, a space, the end of the line. */
    private static final int HEADER_OVERHEAD = 4;

    private static final int MAX_SHOWN = 200;

    final Request request;
    private @Nullable List<Disguises.Found> otherMethods;
    private @Nullable List<PathAsked> paths;
    private long headerBytes = -1;

    /**
     * A path that the request may be taken for.
     *
     * @param what how messages call it
     * @param readings what servers may make of it; null if too many to tell
     * @param folded the same as denied paths are compared
     */
    record PathAsked(String what, @Nullable List<String> readings, List<String> folded) {
        static PathAsked of(String path, String what) {
            Set<String> readings = PathReadings.of(Paths.normal(path));
            return readings == null
                    ? new PathAsked(what, null, List.of())
                    : new PathAsked(
                            what,
                            List.copyOf(readings),
                            readings.stream().map(PathReadings::folded).toList());
        }
    }

    Inspection(Request request) {
        this.request = request;
    }

    /** What says that it is another method than its own. */
    List<Disguises.Found> otherMethods() {
        List<Disguises.Found> known = otherMethods;
        if (known == null) {
            known = Disguises.methods(request);
            otherMethods = known;
        }
        return known;
    }

    /** Its path, and what says that it is another. */
    List<PathAsked> paths() {
        List<PathAsked> known = paths;
        if (known == null) {
            String path = request.url().encodedPath();
            known = new ArrayList<>(1);
            known.add(PathAsked.of(path, "'" + shown(path) + "'"));
            for (Disguises.Found each : Disguises.paths(request)) {
                known.add(PathAsked.of(each.value(), "another one in " + each.where()));
            }
            paths = known;
        }
        return known;
    }

    long headerBytes() {
        if (headerBytes < 0) {
            Headers headers = request.headers();
            long bytes = 0;
            for (int i = 0; i < headers.size(); i++) {
                bytes += Utf8.size(headers.name(i)) + Utf8.size(headers.value(i)) + HEADER_OVERHEAD;
            }
            headerBytes = bytes;
        }
        return headerBytes;
    }

    /** Path and query, as they are sent. */
    int urlBytes() {
        String query = request.url().encodedQuery();
        return request.url().encodedPath().length() + (query == null ? 0 : 1 + query.length());
    }

    static String shown(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "...";
    }
}
