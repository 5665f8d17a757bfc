package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What a client has learnt of one instance: what it reported, and by how much its answers deviate from what is usual. */
final class Experience extends ResponseTime {
    /*
     * The load is the number of calls that one more would share the instance with: this client's own, which it knows, and
     * those of others, as the instance last reported them. A report fades into what is usual in the service: a queue that takes so
     * long to get through is not gone sooner, and soon after is another one.
     *
     * What is usual differs: of servers of weight 8 and 1, filled alike, the large ones hardly let a call wait, and the small ones are best left half
     * idle. So what an instance reported on average counts for as much as that has foretold its reports (Slope): much there, and
     * nothing among equals or where speeds change faster than one learns of them. Taking all for equals sent a hundred clients
     * to the large ones until these were full: 19 ms for 14.
     *
     * It depends on one's own calls, too, which are a sample of all: a client that has one at an instance is more likely to have
     * met a crowd. If crowds are spread like those of a queue (geometrically), an own call there stands for as many of
     * others as the mean once more. Without that, 150 clients that had heard the same went on to send second and third calls to
     * servers that had become slow, and took twice as long.
     *
     * The bias is the mean of the logarithm of response time over the usual response time: logarithms, since one call a
     * thousand times as long must not outweigh a thousand others. It takes up a twentieth of each answer, or most of one
     * that is beyond chance, and fades. What it is worth differs: among equal servers and calls of different length it is
     * noise, with servers of different speed, or queues that this client sees nothing of, it is all there is to
     * know. So it counts for as much as it has proved to foretell, see Norm.
     *
     * A server that reports how long calls last there knows it from the calls of all. It is believed where that differs by far from
     * what one took it for, less what its crowd explains, which is in the load already. By own calls alone, which differ in
     * length, twenty clients learnt so slowly which half of their servers was ten times slower that one call in a hundred
     * took 180 ms, for 90. Smaller differences say too little: a server of many cores lets no call wait, and was given more
     * than it could serve for being quick; and in an overload all differ.
     */
    private static final VarHandle REPORTED_AT = Fields.of(MethodHandles.lookup(), "reportedAt", long.class);
    private static final VarHandle LEARNT_AT = Fields.of(MethodHandles.lookup(), "learntAt", long.class);
    private static final VarHandle REJECTED_AT = Fields.of(MethodHandles.lookup(), "rejectedAt", long.class);
    private static final VarHandle FAILED_AT = Fields.of(MethodHandles.lookup(), "failedAt", long.class);
    private static final VarHandle OTHERS = Fields.of(MethodHandles.lookup(), "others", float.class);
    private static final VarHandle BIAS = Fields.of(MethodHandles.lookup(), "bias", float.class);

    private static final Decay DECAY = ResponseTime.decay(Duration.ofSeconds(10));
    private static final double MEMORY = TimeUnit.SECONDS.toNanos(10);

    /** A bias holds for at least so many times the usual response time. */
    private static final double MEMORY_CALLS = 64;

    /** A report holds for so many response times of the instance, if they are longer than those of the service. */
    private static final double OWN_PACE = 2;

    /** After so many times the memory all is forgotten. */
    private static final double FORGOTTEN = 5;

    private static final float OTHERS_STEP = 1 / 32f;
    private static final double STEP = 0.05;
    private static final double STEP_IF_SURPRISED = 0.7;

    /** A report that says other than one took the instance for, by that factor as a logarithm, is believed to that part. */
    private static final double TOLD = Math.log(7);

    private static final double STEP_IF_TOLD = 0.3;

    /** From so many times the usual time on an instance is avoided beyond proportion. */
    private static final double MUCH_SLOWER = 3;

    /** Instances are alike within that, as a logarithm: if the least difference decided, one would get all calls of a quiet service. */
    private static final double ALIKE = 0.05;

    private static final double FAILURE_PENALTY = 10;

    /**
     * So many failures in a row make an instance no less attractive: passive health needs to see some before it takes it out, for
     * all to see, and whoever avoids it earlier keeps it in. If health hasn't by then, it may be that others fail as often.
     */
    private static final int LEFT_TO_HEALTH = 8;

    /** Who can't be reached is asked again before others that have nothing to do, one call at a time, so that it is soon known. */
    private static final double SUSPECTED = 0.5;

    /** But not before this, in nanoseconds, or so many times the usual response time. */
    private static final double AGAIN = TimeUnit.MILLISECONDS.toNanos(100);

    private static final double AGAIN_CALLS = 16;

    /** What failures are remembered for, in nanoseconds; at least so many times the usual response time. */
    private static final double FAILURE_MEMORY = TimeUnit.SECONDS.toNanos(1);

    private static final double FAILURE_MEMORY_CALLS = 16;

    /** An instance may answer that calls are wrong so much more often than the others before it is avoided. */
    private static final double REJECTED_BY_CHANCE = 0.35;

    private static final float REJECTION_STEP = 1 / 8f;

    private static final float CROWD_STEP = 1 / 4f;
    private static final float HALF_A_CALL = 0.5f;

    /**
     * What takes longer, in nanoseconds, is a stream, or health's to find out. Without that an instance whose only call is a stream would
     * get no other, by which to see that it is well.
     */
    private static final double LONGEST_STALL = TimeUnit.SECONDS.toNanos(10);

    /**
     * By what an own call multiplies the calls of others that are to be expected. Further ones tell nothing: counted, they did no better, and if
     * they are streams they must not keep all other calls away.
     */
    private static final int CROWDED = 2;

    /** Fewer calls of others, by estimate, are none. */
    private static final double NONE = 0.5;

    final Norm norm;
    private final Candidate candidate;

    /** Where its candidate stands in the latest picker; a stale one is found out there. */
    volatile int index;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private float others;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long reportedAt;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private float bias;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long learntAt;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long rejectedAt;

    @SuppressWarnings("UnusedVariable") // by VarHandle
    private long failedAt;

    private volatile boolean reports;
    private volatile boolean learnt;

    /** Failures since the last success, and the share of failures at that; a lost update does not matter. */
    private volatile int run;

    private volatile float failingBefore;

    /** How many other calls of this client it had when it failed one, on average of the last few. */
    private volatile float crowdThatFails;

    /** In what way the last call had no answer at all; null if it had one. */
    private volatile Outcome.@Nullable Kind silence;

    private volatile float rejecting;
    private float lastNanos;

    /** How many calls of others per weight it reported on average of the last few dozen times; a lost update does not matter. */
    private float usualOthers = Float.NaN;

    /** What it reported last, until the call that this came with ends; else no number. */
    private float unlearntOthers = Float.NaN;

    /** By how much longer than usual calls last there among as many, by its report, as a logarithm; until then, too. */
    private float unlearntSlowness = Float.NaN;

    Experience(Candidate candidate, Norm norm) {
        super(DECAY);
        this.candidate = candidate;
        this.norm = norm;
    }

    @Override
    public void onLoadReport(LoadReport report, long nowNanos) {
        double all = report.inFlight();
        if (!(all >= 0)) {
            return;
        }
        // The call that this comes with is not in the report any more, but is not ended here yet.
        double rest = Math.max(0, all - Math.max(0, candidate.inFlight() - 1));
        OTHERS.setOpaque(this, (float) rest);
        REPORTED_AT.setOpaque(this, nowNanos);
        if (!reports) {
            reports = true;
        }
        double perWeight = rest / candidate.instance().weight();
        norm.othersAre(perWeight);
        unlearntOthers = (float) perWeight;
        double latency = report.latencyNanos();
        unlearntSlowness = latency > 0
                ? (float) norm.slowness(latency, all / candidate.instance().weight())
                : Float.NaN;
    }

    private void forgetReport() {
        unlearntOthers = Float.NaN;
        unlearntSlowness = Float.NaN;
    }

    /** Not from an instance that turns calls away: it has few, and had more and more if that told of those to come. */
    private void learnOthers() {
        float reported = unlearntOthers;
        if (!Float.isFinite(reported)) {
            return;
        }
        unlearntOthers = Float.NaN;
        float before = Float.isNaN(usualOthers) ? (float) norm.meanOthers(reported) : usualOthers;
        norm.compareOthers(before, reported);
        usualOthers = before + (reported - before) * OTHERS_STEP;
    }

    @Override
    void served(float nanos, long nowNanos) {
        lastNanos = nanos;
        if (nanos < norm.lateNanos()) {
            answeredInTime(nowNanos - (long) nanos);
        }
        succeeded();
        learnOthers();
        norm.answered(false);
        if (rejecting > 0) {
            reject(0);
        }
        learn(norm.took(nanos), nowNanos);
        norm.answeredLately(this);
    }

    private void learn(double deviation, long nowNanos) {
        double before = 0;
        boolean surprise = false;
        if (learnt) {
            before = bias(nowNanos);
            surprise = norm.compare(before, deviation);
        }
        double told = told(deviation);
        double after;
        if (surprise) {
            after = before + (deviation - before) * STEP_IF_SURPRISED;
        } else if (Math.abs(told - before) > TOLD) {
            after = before + (told - before) * STEP_IF_TOLD;
        } else {
            after = before + (deviation - before) * STEP;
        }
        BIAS.setOpaque(this, (float) after);
        LEARNT_AT.setOpaque(this, nowNanos);
        if (!learnt) {
            learnt = true;
        }
    }

    /** The bias that its report tells of; no number if it says nothing. */
    private double told(double deviation) {
        float slowness = unlearntSlowness;
        if (!Float.isFinite(slowness)) {
            return Double.NaN;
        }
        unlearntSlowness = Float.NaN;
        return norm.told(slowness, deviation);
    }

    private void succeeded() {
        if (run > 0 || failingBefore > 0) {
            run = 0;
            silence = null;
            failingBefore = (float) failing();
        }
    }

    /** The time says nothing, as it is not that of a call that was served. */
    @Override
    void rejected(float nanos, long nowNanos) {
        succeeded();
        forgetReport();
        norm.answered(true);
        reject(1);
        REJECTED_AT.setOpaque(this, nowNanos);
    }

    private void reject(int sample) {
        float less = rejecting + (sample - rejecting) * REJECTION_STEP;
        rejecting = less < 1 / 256f ? 0 : less;
    }

    /** An error that comes later than answers do is an answer, too, and its instance slow; a quick one is no merit. */
    @Override
    void failed(Outcome outcome, float nanos, long nowNanos) {
        forgetReport();
        int failures = run + 1;
        run = failures;
        boolean silent = outcome.isLocalFailure();
        silence = silent ? outcome.kind() : null;
        if (silent) {
            norm.unanswered(this, nowNanos);
        }
        FAILED_AT.setOpaque(this, nowNanos);
        // Only who says so at once refuses for lack of room.
        boolean refused = !silent && nanos < norm.pace();
        int beside = refused ? Math.max(0, candidate.inFlight() - 1) : 0;
        boolean isFirst = failures == 1 && failingBefore == 0;
        crowdThatFails = isFirst ? beside : crowdThatFails + (beside - crowdThatFails) * CROWD_STEP;
        if (outcome.kind() == Outcome.Kind.SERVER_ERROR && nanos > norm.pace()) {
            learn(norm.deviation(nanos), nowNanos);
        }
    }

    @Override
    void outlasted(float nanos, long nowNanos) {
        served(nanos, nowNanos);
    }

    /** Whether it has nothing to do, as far as is known. */
    boolean idle(double othersExpected) {
        return candidate.inFlight() == 0 && othersExpected < NONE;
    }

    /** For how long nothing was heard of it, in nanoseconds. */
    long unheard(long nowNanos) {
        long least = learnt ? nowNanos - (long) LEARNT_AT.getOpaque(this) : Long.MAX_VALUE;
        if (run > 0) {
            least = Math.min(least, sinceFailed(nowNanos));
        }
        if (rejecting > 0) {
            least = Math.min(least, nowNanos - (long) REJECTED_AT.getOpaque(this));
        }
        return least;
    }

    /** How many calls of others it has, by estimate. */
    double others(double weight, long nowNanos) {
        int crowd = candidate.inFlight() > 0 ? CROWDED : 1;
        if (!reports) {
            return norm.others() * weight * crowd;
        }
        double age = nowNanos - (long) REPORTED_AT.getOpaque(this);
        float before = usualOthers;
        // Who turns calls away now has other ones than before.
        boolean known = !Float.isNaN(before) && rejecting == 0;
        double perWeight = known ? norm.others(before, left(age / MEMORY)) : norm.others();
        double usual = perWeight * weight * crowd;
        double memory = Math.max(norm.pace(), OWN_PACE * lastNanos);
        return usual + ((float) OTHERS.getOpaque(this) - usual) * left(age / memory);
    }

    private double bias(long nowNanos) {
        double memory = Math.max(MEMORY, MEMORY_CALLS * norm.pace());
        return (float) BIAS.getOpaque(this) * left((nowNanos - (long) LEARNT_AT.getOpaque(this)) / memory);
    }

    /** How long one more call is expected to take, in a unit of its own: compared with others of the same service. */
    double load(double othersExpected, long nowNanos) {
        int own = candidate.inFlight();
        double load = own + othersExpected + 1;
        double trust = norm.trust();
        Outcome.Kind silent = silence;
        double suspicion = 1;
        if (silent != null) {
            // How soon it answered before says nothing of an instance that doesn't any more.
            suspicion = suspicion(silent, own, nowNanos);
            load *= suspicion;
        } else if (trust > 0 && learnt) {
            double expected = trust * bias(nowNanos);
            if (Math.abs(expected) > ALIKE) {
                double factor = power(expected > 0 ? expected - ALIKE : expected + ALIKE);
                load *= factor > MUCH_SLOWER ? factor * factor / MUCH_SLOWER : factor;
            }
        }
        // Who refuses what it has no room for is as good as any while it has some. Ten servers with two places each,
        // two thirds of them taken, lost 8 % of the calls to each other's penalties, and 1 % by calls in flight alone.
        boolean hasRoom = own + HALF_A_CALL < crowdThatFails;
        double failing = run > LEFT_TO_HEALTH ? failing() : hasRoom ? 0 : failingBefore;
        if (failing > 0) {
            double memory = Math.max(FAILURE_MEMORY, FAILURE_MEMORY_CALLS * norm.pace());
            load *= 1 + FAILURE_PENALTY * failing * left(sinceFailed(nowNanos) / memory);
        }
        if (rejecting > 0) {
            double age = (nowNanos - (long) REJECTED_AT.getOpaque(this)) / MEMORY;
            load *= 1 + FAILURE_PENALTY * Math.max(0, rejecting * left(age) - norm.rejected() - REJECTED_BY_CHANCE);
        }
        // A call that is late shows a stall before it ends.
        double age = age(nowNanos);
        double late = norm.lateNanos();
        if (age > late && age < LONGEST_STALL && suspicion >= 1) {
            load *= age / late;
        }
        return load;
    }

    /** Makes an instance whose last call had no answer more or less attractive, until health had its chance. */
    private double suspicion(Outcome.Kind silent, int own, long nowNanos) {
        // Without that, a process that got no processor for a second asked one again until it was out, then the next.
        if (run > LEFT_TO_HEALTH || norm.severalUnanswered(nowNanos)) {
            return 1;
        }
        return switch (silent) {
            case CONNECT_FAILURE -> own == 0 && isDue(nowNanos) ? SUSPECTED : 1;
            // Who asks waits until its time is out. One after the other, three of half a second took two seconds;
            // so the second and the third wait together, and then nobody until health had time to take it out.
            case TIMEOUT -> own == 1 && run == 1 ? SUSPECTED : sinceFailed(nowNanos) > AGAIN ? 1 : 1 / SUSPECTED;
            default -> 1;
        };
    }

    /** Whether its last failure is so long ago that what ailed all alike, such as a pause of this process, is over. */
    private boolean isDue(long nowNanos) {
        return sinceFailed(nowNanos) > Math.max(AGAIN, AGAIN_CALLS * norm.pace());
    }

    private long sinceFailed(long nowNanos) {
        return nowNanos - (long) FAILED_AT.getOpaque(this);
    }

    /** What is left after so many times the memory: close to exp(-x), for a division. */
    private static double left(double age) {
        return age <= 0 ? 1 : age >= FORGOTTEN ? 0 : 1 / (1 + age + age * age / 2);
    }

    /** Close to exp(x), and growing with it. */
    private static double power(double x) {
        double size = Math.abs(x);
        double power = 1 + size * (1 + size * (1.0 / 2 + size * (1.0 / 6 + size / 24)));
        return x < 0 ? 1 / power : power;
    }
}
