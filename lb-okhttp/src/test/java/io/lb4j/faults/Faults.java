package io.lb4j.faults;

import static io.lb4j.faults.Evidence.between;
import static io.lb4j.faults.Evidence.percentile;
import static io.lb4j.faults.Fault.BEGIN_MILLIS;

import io.lb4j.ServiceInstance;
import io.lb4j.faults.Fault.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Every fault of the suite, with what it must not do to a caller. */
final class Faults {
    /** Those whose requirement is held reliably; one that isn't any more fails the run. */
    static final Set<String> GATES = Set.of("kill-1", "kill-3", "kill-5");

    private static final String NO_LOSS = "0 failed idempotent calls; no POST processed twice";
    private static final String BLACK_HOLE = "≤ 1 in-flight call per connection pays the attempt's time-out; ejected in"
            + " ≤ 2 s; overall success ≥ 99.9 %";
    private static final String NO_SLOWER = "p99 ≤ 1.5× healthy";
    private static final String CLASSIFIED = "classified right, retried only where safe";
    private static final String DISCOVERY = "success ≥ 99.9 %";
    private static final String SUCCESS = "no mass ejection; success ≥ 99.9 %";

    /** Where a packet is lost now and then, an answer may take two of TCP's repetitions, of 0.2 and 0.4 s. */
    private static final Duration LOSSY = Duration.ofSeconds(1);

    private static final int DELAY_MILLIS = 50;
    private static final int JITTER_MILLIS = 20;
    private static final int LOSS_PERCENT = 5;
    private static final int HEALTHY_MILLIS = 10;

    private Faults() {}

    static List<Fault> all() {
        List<Fault> all = new ArrayList<>();
        all.add(kill(1));
        all.add(kill(3));
        all.add(kill(5));
        all.add(rolling("rolling-graceful", Fleet::quit).on(Fleet.Kind.HAPROXY));
        all.add(rolling("rolling-kill", Fleet::kill));
        all.add(rolling("http2-goaway", Fleet::quit).on(Fleet.Kind.HAPROXY_HTTP2));
        all.add(blackHole("sigstop", false, rig -> rig.fleet.signal(0, "STOP")));
        all.add(blackHole("drop", true, rig -> Network.drop(Fleet.address(0))));
        all.add(slow());
        all.add(magnet());
        all.add(noise());
        for (String each : List.of("rst", "half-close", "garbage")) {
            all.add(broken(each));
        }
        all.add(wrongCertificate());
        all.add(refusedStream());
        all.add(loss("loss-one", 1));
        all.add(loss("loss-all", Fleet.SIZE));
        all.add(jitter("jitter-loss-one", 1));
        all.add(jitter("jitter-loss-all", Fleet.SIZE));
        all.add(allDown());
        all.add(flaps());
        all.add(new Fault("discovery-empty", DISCOVERY, false)
                .fromRegistry()
                .begin(rig -> rig.clients.list(List.of()))
                .judged(evidence -> evidence.success(0.999)));
        all.add(poisoned());
        all.add(Overload.fault());
        return all;
    }

    private static Fault kill(int count) {
        return new Fault("kill-" + count, NO_LOSS, false)
                .begin(rig -> rig.fleet.killFirst(count))
                .judged(Evidence::noIdempotentLost);
    }

    private interface End {
        void end(Fleet fleet, int i) throws Exception;
    }

    private static Fault rolling(String name, End end) {
        Fault fault = new Fault(name, NO_LOSS, false).lasting(13_000).judged(Evidence::noIdempotentLost);
        for (int i = 0; i < Fleet.SIZE; i++) {
            int server = i;
            fault.at(BEGIN_MILLIS + 900L * i, rig -> end.end(rig.fleet, server));
            fault.at(BEGIN_MILLIS + 900L * i + 400, rig -> rig.fleet.start(server));
        }
        return fault;
    }

    private static Fault blackHole(String name, boolean network, Fault.Action action) {
        return new Fault(name, BLACK_HOLE, network)
                .timed()
                .lasting(12_000)
                .begin(action)
                .judged(evidence -> {
                    long after = evidence.ejectedAfterMillis(Fleet.name(0));
                    String ejected = after == Long.MAX_VALUE ? "never ejected" : "ejected after " + after + " ms";
                    return waits(evidence)
                            .and(new Verdict(after <= 2000, ejected))
                            .and(evidence.success(0.999));
                });
    }

    /** Who waited for the time-out of an attempt, or that of a connection if there was none. */
    private static Verdict waits(Evidence evidence) {
        Map<Integer, Long> waited = new HashMap<>(evidence.waited(Fleet.name(0), 200));
        Long inVain = waited.remove(0);
        long most = waited.values().stream().mapToLong(each -> each).max().orElse(0);
        return new Verdict(
                most <= 1,
                waited.size() + " calls waited, at most " + most + " on a connection, and "
                        + (inVain == null ? 0 : inVain) + " for one");
    }

    private static Fault slow() {
        return new Fault("slow-100x", NO_SLOWER, false)
                .timed()
                .on(Fleet.Kind.FAULTY)
                .at(0, rig -> everywhere(rig, "delay " + HEALTHY_MILLIS))
                .begin(rig -> rig.fleet.command(0, "delay " + 100 * HEALTHY_MILLIS))
                .judged(Evidence::noSlower);
    }

    private static Fault magnet() {
        return new Fault("magnet", "its share < 1 % in 2 s; " + NO_SLOWER, false)
                .timed()
                .on(Fleet.Kind.FAULTY)
                .at(0, rig -> everywhere(rig, "delay " + HEALTHY_MILLIS))
                .begin(rig -> rig.fleet.command(0, "error 100"))
                .judged(evidence -> {
                    double share = evidence.share(Fleet.name(0), BEGIN_MILLIS + 2000);
                    return new Verdict(
                                    share < 0.01, String.format(Locale.ROOT, "share %.2f %% from 2 s on", 100 * share))
                            .and(evidence.noSlower());
                });
    }

    private static Fault noise() {
        return new Fault("noise", "nobody wrongly ejected by uniform noise; " + NO_SLOWER, false)
                .timed()
                .on(Fleet.Kind.FAULTY)
                .at(0, rig -> everywhere(rig, "delay " + HEALTHY_MILLIS))
                .begin(rig -> everywhere(rig, "error 10"))
                .judged(evidence -> new Verdict(
                                evidence.ejectedAt().isEmpty(),
                                evidence.ejectedAt().size() + " ejected, " + evidence.failedGets() + " GETs failed")
                        .and(evidence.noSlower()));
    }

    private static void everywhere(Rig rig, String command) throws Exception {
        for (int i = 0; i < Fleet.SIZE; i++) {
            rig.fleet.command(i, command);
        }
    }

    /** One instance breaks its answers; a POST it processed must not go elsewhere, and it must be noticed. */
    private static Fault broken(String mode) {
        return new Fault(mode, CLASSIFIED, false)
                .on(Fleet.Kind.FAULTY)
                .begin(rig -> rig.fleet.command(0, mode))
                .judged(evidence -> {
                    long repeated = evidence.repeatedPosts();
                    boolean ejected = evidence.ejectedAt().keySet().equals(Set.of(Fleet.name(0)));
                    return new Verdict(
                            repeated == 0 && ejected,
                            repeated + " POSTs processed twice, ejected: "
                                    + evidence.ejectedAt().keySet());
                });
    }

    /** Nothing was sent to a server that can't say who it is, so that even POSTs go elsewhere. */
    private static Fault wrongCertificate() {
        return new Fault("wrong-certificate", CLASSIFIED, false)
                .on(Fleet.Kind.NGINX_TLS)
                .begin(rig -> rig.fleet.impersonate(0))
                .judged(evidence -> {
                    Verdict lossless = evidence.noIdempotentLost();
                    boolean ejected = evidence.ejectedAt().keySet().equals(Set.of(Fleet.name(0)));
                    return new Verdict(
                            lossless.held() && ejected,
                            lossless.why() + ", ejected: "
                                    + evidence.ejectedAt().keySet());
                });
    }

    /** It refuses whatever it is asked, and that can be asked elsewhere, POST or not. */
    private static Fault refusedStream() {
        return new Fault("http2-refused-stream", "0 failed calls; no POST processed twice", false)
                .on(Fleet.Kind.HAPROXY_HTTP2)
                .begin(rig -> rig.fleet.refuse(0))
                .judged(evidence -> {
                    // Some, so that it did refuse; a strategy may prefer others from then on.
                    long refused = evidence.attemptsOn(Fleet.name(0), BEGIN_MILLIS, Long.MAX_VALUE);
                    long failures = Evidence.failures(evidence.balanced());
                    return new Verdict(
                                    refused > 0 && failures == 0,
                                    refused + " attempts on it from then on, " + failures + " failed calls")
                            .and(evidence.noIdempotentLost());
                });
    }

    private static Fault loss(String name, int count) {
        return new Fault(name, SUCCESS, true)
                .attemptsOf(LOSSY)
                .begin(rig -> {
                    for (int i = 0; i < count; i++) {
                        Network.lose(Fleet.address(i), LOSS_PERCENT);
                    }
                })
                // TCP repeats what is lost after 200 ms.
                .noticedIf(evidence -> percentile(evidence.plain(), 99.9, between(BEGIN_MILLIS, Long.MAX_VALUE)) > 100)
                .judged(Faults::nobodyMuch);
    }

    private static Fault jitter(String name, int count) {
        return new Fault(name, SUCCESS, true)
                .throughRelays()
                .attemptsOf(LOSSY)
                .begin(rig -> {
                    for (int i = 0; i < count; i++) {
                        rig.relays.delay(i, DELAY_MILLIS, JITTER_MILLIS);
                        Network.lose(Relay.address(i), LOSS_PERCENT);
                    }
                })
                .noticedIf(evidence -> percentile(evidence.plain(), 99, between(BEGIN_MILLIS, Long.MAX_VALUE))
                        > DELAY_MILLIS - JITTER_MILLIS)
                .judged(Faults::nobodyMuch);
    }

    private static Verdict nobodyMuch(Evidence evidence) {
        int ejected = evidence.ejectedAt().size();
        return new Verdict(ejected <= 1, ejected + " ejected").and(evidence.success(0.999));
    }

    private static Fault allDown() {
        long up = BEGIN_MILLIS + 10_000;
        return new Fault(
                        "all-down",
                        "fail fast ≤ 5 ms per call while down, recovered ≤ 2 s after; retries add ≤ 20 % load at any time",
                        false)
                .timed()
                .lasting(up + 5000)
                .begin(rig -> rig.fleet.killFirst(Fleet.SIZE))
                .at(up, rig -> rig.fleet.startAll())
                .judged(evidence -> {
                    double down = percentile(evidence.balanced(), 99, between(BEGIN_MILLIS + 200, up));
                    long late = evidence.balanced().stream()
                            .filter(between(up + 2000, Long.MAX_VALUE))
                            .filter(Sample::failed)
                            .count();
                    double extra = evidence.extraLoad().worstSecond();
                    return new Verdict(
                            down <= 5 && late == 0 && extra <= 0.2,
                            String.format(
                                    Locale.ROOT,
                                    "p99 %.1f ms while down, %d failures from 2 s after on, extra load %.1f %% in the worst"
                                            + " second",
                                    down,
                                    late,
                                    100 * extra));
                });
    }

    /** All but one of the instances, another one missing every time. */
    private static Fault flaps() {
        Fault fault = new Fault("discovery-flaps", DISCOVERY, false)
                .fromRegistry()
                // Nothing is wrong with the servers; who takes the list as it comes does well.
                .noticedIf(evidence -> true)
                .judged(evidence -> evidence.success(0.999));
        for (int i = 0; i < 60; i++) {
            int missing = i % Fleet.SIZE;
            fault.at(BEGIN_MILLIS + 100L * i, rig -> {
                List<ServiceInstance> some = new ArrayList<>(rig.clients.fleet());
                some.remove(missing);
                rig.clients.list(some);
            });
        }
        return fault;
    }

    /** As many dead addresses as live ones. */
    private static Fault poisoned() {
        return new Fault("discovery-poisoned", DISCOVERY, false)
                .fromRegistry()
                .begin(rig -> {
                    List<ServiceInstance> some = new ArrayList<>(rig.clients.fleet());
                    for (int i = 0; i < Fleet.SIZE; i++) {
                        some.add(rig.clients.instance("dead" + i, "127.0.1." + (i + 1)));
                    }
                    rig.clients.list(some);
                })
                .judged(evidence -> evidence.success(0.999));
    }
}
