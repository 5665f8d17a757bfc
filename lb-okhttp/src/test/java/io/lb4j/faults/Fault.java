package io.lb4j.faults;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One row of the table: what breaks, when, and what a caller may see of it. */
final class Fault {
    /** A step of the timeline. */
    interface Action {
        void run(Rig rig) throws Exception;
    }

    /** Measures in its own way, in a directory of its own. */
    interface Measurement {
        Evidence run(Path directory) throws Exception;
    }

    /** When, from the first measured call on, something is done. */
    record Step(long atMillis, Action action) {}

    /** The fault begins here; what was before is the healthy state it is compared with. */
    static final long BEGIN_MILLIS = 3000;

    final String name;
    final String required;
    final boolean network;
    final List<Step> steps = new ArrayList<>();
    long lengthMillis = 9000;
    Fleet.Kind kind = Fleet.Kind.NGINX;

    @Nullable
    Measurement measurement;

    /** Whether the clients reach the servers through relays, which can delay. */
    boolean relayed;

    /** Whether the clients learn of the servers from a registry. */
    boolean registered;

    /** Whether it is judged by how long something takes, so that nothing else may run meanwhile. */
    boolean timed;

    Duration attemptTimeout = Duration.ofMillis(500);

    private Function<Evidence, Verdict> verdict = evidence -> new Verdict(false, "no verdict");
    private Predicate<Evidence> noticed = evidence -> Evidence.failures(evidence.plain()) > 0;

    Fault(String name, String required, boolean network) {
        this.name = name;
        this.required = required;
        this.network = network;
    }

    Fault on(Fleet.Kind value) {
        kind = value;
        return this;
    }

    Fault timed() {
        timed = true;
        return this;
    }

    Fault lasting(long millis) {
        lengthMillis = millis;
        return this;
    }

    Fault at(long millis, Action action) {
        steps.add(new Step(millis, action));
        return this;
    }

    Fault begin(Action action) {
        return at(BEGIN_MILLIS, action);
    }

    /** Instead of by the rig with its two clients. */
    Fault measuredBy(Measurement value) {
        measurement = value;
        return this;
    }

    Fault throughRelays() {
        relayed = true;
        return this;
    }

    Fault fromRegistry() {
        registered = true;
        return this;
    }

    Fault attemptsOf(Duration value) {
        attemptTimeout = value;
        return this;
    }

    /** Whether the plain client saw that there was a fault; by default if a call of it failed. */
    Fault noticedIf(Predicate<Evidence> value) {
        noticed = value;
        return this;
    }

    Fault judged(Function<Evidence, Verdict> value) {
        verdict = value;
        return this;
    }

    /** A fault that the plain client didn't notice was none, and proves nothing. */
    Verdict judge(Evidence evidence) {
        return noticed.test(evidence)
                ? verdict.apply(evidence)
                : new Verdict(false, "the plain client noticed nothing: no fault was made");
    }

    /** What the measurements say, and the figures it was said for. */
    record Verdict(boolean held, String why) {
        Verdict and(Verdict other) {
            return new Verdict(held && other.held, why + ", " + other.why);
        }
    }
}
