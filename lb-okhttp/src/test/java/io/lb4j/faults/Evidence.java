package io.lb4j.faults;

import io.lb4j.faults.Fault.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What was measured while one fault ran.
 *
 * @param served of all servers, both clients' calls
 * @param attempts that the balanced client made
 * @param ejectedAt first ejections, by {@link System#nanoTime()}
 * @param origin of the measured calls' times
 * @param epochMillis the same moment by the clock of the servers' logs
 */
record Evidence(
        List<Sample> balanced,
        List<Sample> plain,
        List<Served> served,
        long attempts,
        Map<String, Long> ejectedAt,
        long origin,
        long epochMillis) {

    static long failures(List<Sample> samples) {
        return samples.stream().filter(Sample::failed).count();
    }

    /** Of idempotent calls only. */
    long failedGets() {
        return balanced.stream().filter(s -> s.failed() && s.idempotent()).count();
    }

    double success() {
        return 1 - (double) failures(balanced) / balanced.size();
    }

    /** A percentile of the latency of calls due in a stretch of time, in milliseconds. */
    static double percentile(List<Sample> samples, double percent, Predicate<Sample> which) {
        List<Long> sorted = new ArrayList<>();
        samples.stream().filter(which).forEach(each -> sorted.add(each.latencyNanos()));
        sorted.sort(null);
        if (sorted.isEmpty()) {
            return 0;
        }
        int index = (int) Math.ceil(percent / 100 * sorted.size()) - 1;
        return sorted.get(Math.max(0, index)) / 1e6;
    }

    static Predicate<Sample> between(long fromMillis, long toMillis) {
        return each -> each.atMillis() >= fromMillis && each.atMillis() < toMillis;
    }

    /** Measured POSTs of the balanced client that the servers' logs show more than once. */
    long repeatedPosts() {
        Set<String> seen = new HashSet<>();
        return served.stream()
                .filter(each -> each.method().equals("POST") && each.id().startsWith("lb-"))
                .filter(each -> !seen.add(each.id()))
                .count();
    }

    /** Requests beyond one for each call, as a share of the calls. */
    double extraLoad() {
        return (double) attempts / balanced.size() - 1;
    }

    /** The plain client's, by the servers' logs; requests that never arrived are not in there. */
    double plainExtraLoad() {
        Map<String, Integer> counts = new HashMap<>();
        served.stream()
                .filter(each -> each.id().startsWith("plain-") && !each.id().startsWith("plain-warm-"))
                .forEach(each -> counts.merge(each.id(), 1, Integer::sum));
        long repeated = counts.values().stream().mapToLong(each -> each - 1L).sum();
        return (double) repeated / plain.size();
    }

    /** What share of the balanced client's requests a server processed, from a moment on. */
    double share(String server, long fromMillis) {
        List<Served> later = served.stream()
                .filter(each -> each.id().startsWith("lb-") && each.epochMillis() >= epochMillis + fromMillis)
                .toList();
        long mine = later.stream().filter(each -> each.server().equals(server)).count();
        return later.isEmpty() ? 0 : (double) mine / later.size();
    }

    /** How long after the fault's begin an instance was ejected; more than any bound if it wasn't. */
    long ejectedAfterMillis(String server) {
        Long at = ejectedAt.get(server);
        return at == null ? Long.MAX_VALUE : TimeUnit.NANOSECONDS.toMillis(at - origin) - Fault.BEGIN_MILLIS;
    }

    Verdict noIdempotentLost() {
        return new Verdict(
                failedGets() == 0 && repeatedPosts() == 0,
                failedGets() + " failed idempotent calls, " + repeatedPosts() + " POSTs processed twice");
    }

    Verdict success(double least) {
        return new Verdict(success() >= least, String.format(Locale.ROOT, "success %.3f %%", 100 * success()));
    }
}
