package io.lb4j.faults;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Attempts beyond one for each call, as a share of the calls.
 *
 * @param overall of the whole run
 * @param worstSecond of the second in which it was most, wherever that begins
 */
record ExtraLoad(double overall, double worstSecond) {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** The origin is that of the samples' times. */
    static ExtraLoad of(List<Sample> samples, List<Attempted> attempts, long origin) {
        Set<String> known = new HashSet<>();
        List<Long> first = new ArrayList<>();
        List<Long> extra = new ArrayList<>();
        attempts.stream()
                .sorted(Comparator.comparingLong(Attempted::atNanos))
                .forEach(each -> (known.add(each.id()) ? first : extra).add(each.atNanos() - origin));
        double worst = 0;
        for (long at : extra) {
            long calls = within(first, at);
            // Before a whole second of calls was measured, those of the warm-up are as many.
            worst = Math.max(worst, (double) within(extra, at) / (at < SECOND ? Rig.RATE : Math.max(1, calls)));
        }
        return new ExtraLoad((double) extra.size() / samples.size(), worst);
    }

    /** How many there were in the second that ends then. */
    private static long within(List<Long> times, long end) {
        return times.stream().filter(each -> each > end - SECOND && each <= end).count();
    }
}
