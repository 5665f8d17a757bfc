package io.lb4j.simulator;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.PriorityQueue;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The working part of a server: calls come, are worked on, and leave. */
abstract class Station {
    /** Refused because too many wait. */
    static final int FULL = 503;

    /** No answer, and the connection is gone. */
    static final int BROKEN = -1;

    final Clock clock;
    private int inFlight;

    /** In the order they came, so that a crash breaks them in the same order each time. */
    private final LinkedHashSet<Job> jobs = new LinkedHashSet<>();

    Station(Clock clock) {
        this.clock = clock;
    }

    static Station of(ServerSpec spec, Clock clock) {
        if (spec.script() != null) {
            return new Scripted(clock, spec.script());
        }
        return spec.discipline() == ServerSpec.Discipline.SHARED ? new Shared(clock, spec) : new FirstCome(clock, spec);
    }

    /** A call at a station. */
    static final class Job {
        final long work;
        final long arrived;
        final Attempt attempt;
        private double due;
        private long order;
        private Clock.@Nullable Event event;
        boolean gone;

        Job(long work, long arrived, Attempt attempt) {
            this.work = work;
            this.arrived = arrived;
            this.attempt = attempt;
        }
    }

    /** Calls there, worked on or waiting. */
    final int inFlight() {
        return inFlight;
    }

    /** Takes a call in; it is answered in its time. */
    final Job arrive(long work, Attempt attempt) {
        Job job = new Job(work, clock.nanos(), attempt);
        inFlight++;
        if (begin(job)) {
            jobs.add(job);
        } else {
            inFlight--;
            job.gone = true;
            attempt.answered(FULL);
        }
        return job;
    }

    /** The caller has given up; no answer goes out. */
    final void abandon(Job job) {
        if (!job.gone) {
            job.gone = true;
            remove(job);
            jobs.remove(job);
            inFlight--;
        }
    }

    /** Breaks every connection; nothing of what was begun is answered. */
    final void breakAll() {
        for (Job job : jobs.toArray(new Job[0])) {
            abandon(job);
            job.attempt.answered(BROKEN);
        }
    }

    /** Sets how fast work is done from now on; 0 stands still. */
    abstract void speed(double value);

    /** Sets how many cores there are from now on. */
    void cores(double value) {
        throw new IllegalArgumentException("cores: " + value + " (expected: to change where cores are shared only)");
    }

    /** Behaves as this one from now on. */
    void become(ServerSpec spec) {
        throw new IllegalArgumentException(
                "server: " + spec + " (expected: a scripted one in place of a scripted one)");
    }

    /** Returns whether there is room. */
    abstract boolean begin(Job job);

    abstract void remove(Job job);

    final void end(Job job, int status) {
        if (!job.gone) {
            job.gone = true;
            jobs.remove(job);
            inFlight--;
            job.attempt.answered(status);
        }
    }

    /** One call after the other on each core. */
    private static final class FirstCome extends Station {
        private final int cores;
        private final int queue;
        private final ArrayDeque<Job> waiting = new ArrayDeque<>();
        private final ArrayDeque<Job> running = new ArrayDeque<>();
        private double speed;

        FirstCome(Clock clock, ServerSpec spec) {
            super(clock);
            this.cores = (int) spec.cores();
            this.queue = spec.queue();
            this.speed = spec.speed();
        }

        @Override
        boolean begin(Job job) {
            if (running.size() < cores) {
                run(job, (double) job.work);
                return true;
            }
            if (queue >= 0 && waiting.size() >= queue) {
                return false;
            }
            waiting.add(job);
            return true;
        }

        /** Begins to work, or goes on. While all stands still, {@code due} is what is left of the work. */
        private void run(Job job, double work) {
            running.add(job);
            job.due = speed == 0 ? work : clock.nanos() + work / speed;
            job.event = speed == 0 ? null : clock.in((long) (work / speed), () -> finished(job));
        }

        private void finished(Job job) {
            running.remove(job);
            next();
            end(job, 200);
        }

        private void next() {
            Job next = waiting.poll();
            if (next != null) {
                run(next, (double) next.work);
            }
        }

        @Override
        void remove(Job job) {
            if (job.event != null) {
                job.event.cancel();
            }
            if (running.remove(job)) {
                next();
            } else {
                waiting.remove(job);
            }
        }

        @Override
        void speed(double value) {
            double before = speed;
            speed = value;
            for (Job job : running.toArray(new Job[0])) {
                if (job.event != null) {
                    job.event.cancel();
                }
                running.remove(job);
                run(job, Math.max(0, before == 0 ? job.due : (job.due - clock.nanos()) * before));
            }
        }
    }

    /** All calls at once. What each has had of the cores is one number, since all get the same. */
    private static final class Shared extends Station {
        private double cores;
        private final int queue;
        private final PriorityQueue<Job> running = new PriorityQueue<>(
                (a, b) -> a.due != b.due ? Double.compare(a.due, b.due) : Long.compare(a.order, b.order));
        private double speed;
        private double served;
        private long since;
        private long sequence;
        private Clock.@Nullable Event next;

        Shared(Clock clock, ServerSpec spec) {
            super(clock);
            this.cores = spec.cores();
            this.queue = spec.queue();
            this.speed = spec.speed();
        }

        private double rate() {
            return speed * Math.min(1, cores / Math.max(1, running.size()));
        }

        private void advance() {
            served += (clock.nanos() - since) * rate();
            since = clock.nanos();
        }

        private void plan() {
            if (next != null) {
                next.cancel();
            }
            Job first = running.peek();
            next = first == null || rate() == 0
                    ? null
                    : clock.in((long) Math.max(0, Math.ceil((first.due - served) / rate())), this::firstDone);
        }

        private void firstDone() {
            advance();
            next = null;
            Job first = running.poll();
            plan();
            if (first != null) {
                end(first, 200);
            }
        }

        @Override
        boolean begin(Job job) {
            if (queue >= 0 && running.size() >= cores + queue) {
                return false;
            }
            advance();
            job.due = served + job.work;
            job.order = sequence++;
            running.add(job);
            plan();
            return true;
        }

        @Override
        void remove(Job job) {
            advance();
            running.remove(job);
            plan();
        }

        @Override
        void speed(double value) {
            advance();
            speed = value;
            plan();
        }

        @Override
        void cores(double value) {
            advance();
            cores = value;
            plan();
        }
    }

    /** As a script says. */
    private static final class Scripted extends Station {
        private ServerSpec.Script script;
        private double speed = 1;

        Scripted(Clock clock, ServerSpec.Script script) {
            super(clock);
            this.script = script;
        }

        @Override
        boolean begin(Job job) {
            double nanos = script.nanos().applyAsLong(inFlight()) / speed;
            IntUnaryOperator status = script.status();
            job.event = clock.in((long) nanos, () -> end(job, status.applyAsInt(inFlight())));
            return true;
        }

        @Override
        void become(ServerSpec spec) {
            if (spec.script() == null) {
                super.become(spec);
            } else {
                script = spec.script();
            }
        }

        @Override
        void remove(Job job) {
            if (job.event != null) {
                job.event.cancel();
            }
        }

        @Override
        void speed(double value) {
            if (value == 0) {
                throw new IllegalArgumentException(
                        "server: paused (expected: one with cores, as a script knows no work)");
            }
            speed = value;
        }
    }
}
