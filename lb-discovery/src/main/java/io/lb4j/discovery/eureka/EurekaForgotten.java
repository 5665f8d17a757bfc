package io.lb4j.discovery.eureka;

import io.lb4j.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Instances that a server doesn't list any more and that nobody has heard leave: it has begun without its memory, or is
 * another one that hasn't heard of them yet. They are kept for as long as it takes them to register again. Not thread-safe.
 */
final class EurekaForgotten {
    private final Ticker ticker;
    private final Duration time;
    private final Map<String, Map<String, Kept>> byName = new TreeMap<>();

    private record Kept(EurekaEntry entry, long since) {}

    EurekaForgotten(Ticker ticker, Duration time) {
        this.ticker = ticker;
        this.time = time;
    }

    void add(Map<String, List<EurekaEntry>> gone) {
        long now = ticker.nanos();
        gone.forEach((application, entries) -> {
            for (EurekaEntry entry : entries) {
                byName.computeIfAbsent(application, name -> new TreeMap<>())
                        .putIfAbsent(entry.id(), new Kept(entry, now));
            }
        });
    }

    /** It was said to have left. */
    void left(String application, String id) {
        Map<String, Kept> kept = byName.get(application);
        if (kept != null) {
            kept.remove(id);
        }
    }

    /** Lets go of those whose time is over, and of those that are known again. */
    void tidy(EurekaApplications known) {
        long now = ticker.nanos();
        byName.forEach((application, kept) -> {
            List<String> back =
                    known.find(application, false).stream().map(EurekaEntry::id).toList();
            kept.keySet().removeAll(back);
            kept.values().removeIf(each -> now - each.since >= time.toNanos());
        });
        byName.values().removeIf(Map::isEmpty);
    }

    /** Those that are kept of one application, or of all that answer to a virtual address. */
    List<EurekaEntry> find(String name, boolean byVip) {
        String upper = name.toUpperCase(Locale.ROOT);
        List<EurekaEntry> found = new ArrayList<>();
        byName.forEach((application, kept) -> kept.values().forEach(each -> {
            if (byVip ? each.entry.vips().contains(upper) : application.equals(upper)) {
                found.add(each.entry);
            }
        }));
        return found;
    }
}
