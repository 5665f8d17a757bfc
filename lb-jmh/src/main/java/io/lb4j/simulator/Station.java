package io.lb4j.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The working part of a server: calls come, are worked on, and leave. */
abstract class Station {
    /** Refused because too many wait. */
    static final int FULL = 503;

    /** No answer, and the connection is gone. */
    static final int BROKEN = -1;

    final Clock clock;
    private final Consumer<Job> answered;
    private int inFlight;

    /** All that are there, in the order they came, so that a crash breaks them in the same order each time. */
    private @Nullable Job oldest;

    private @Nullable Job newest;

    Station(Clock clock, Consumer<Job> answered) {
        this.clock = clock;
        this.answered = answered;
    }

    /**
     * One of this kind.
     *
     * @param answered told of each call that an answer goes out to
     */
    static Station of(ServerSpec spec, Clock clock, Consumer<Job> answered) {
        if (spec.script() != null) {
            return new Scripted(clock, answered, spec.script());
        }
        return spec.discipline() == ServerSpec.Discipline.SHARED
                ? new Shared(clock, answered, spec)
                : new FirstCome(clock, answered, spec);
    }

    /** A call at a station. */
    static final class Job implements Runnable {
        final long work;
        final long arrived;

        /** How many others were there when it came. */
        final int crowd;

        private final Station station;
        private final Attempt attempt;
        private double due;
        private long order;
        private Clock.@Nullable Event event;

        /** By the number of calls there, where the station follows a script: of the one there was when it came. */
        private @Nullable IntUnaryOperator status;

        private @Nullable Job older;
        private @Nullable Job newer;
        private boolean gone;

        private Job(long work, Station station, Attempt attempt) {
            this.work = work;
            this.arrived = station.clock.nanos();
            this.crowd = station.inFlight;
            this.station = station;
            this.attempt = attempt;
        }

        /** Its time is over. */
        @Override
        public void run() {
            station.done(this);
        }
    }

    /** Calls there, worked on or waiting. */
    final int inFlight() {
        return inFlight;
    }

    /** Takes a call in; it is answered in its time. */
    final Job arrive(long work, Attempt attempt) {
        Job job = new Job(work, this, attempt);
        inFlight++;
        if (begin(job)) {
            link(job);
        } else {
            inFlight--;
            job.gone = true;
            answer(job, FULL);
        }
        return job;
    }

    /** The caller has given up; no answer goes out. */
    final void abandon(Job job) {
        if (!job.gone) {
            job.gone = true;
            remove(job);
            unlink(job);
            inFlight--;
        }
    }

    /** Breaks every connection; nothing of what was begun is answered. */
    final void breakAll() {
        List<Job> all = new ArrayList<>();
        for (Job job = oldest; job != null; job = job.newer) {
            all.add(job);
        }
        for (Job job : all) {
            abandon(job);
            answer(job, BROKEN);
        }
    }

    private void answer(Job job, int status) {
        answered.accept(job);
        job.attempt.answered(status);
    }

    private void link(Job job) {
        job.older = newest;
        if (newest == null) {
            oldest = job;
        } else {
            newest.newer = job;
        }
        newest = job;
    }

    private void unlink(Job job) {
        Job older = job.older;
        Job newer = job.newer;
        if (older == null) {
            oldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
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

    /** The event of a call has come. */
    abstract void done(Job job);

    final void end(Job job, int status) {
        if (!job.gone) {
            job.gone = true;
            unlink(job);
            inFlight--;
            answer(job, status);
        }
    }

    /** One call after the other on each core. */
    private static final class FirstCome extends Station {
        private final int cores;
        private final int queue;
        private final ArrayDeque<Job> waiting = new ArrayDeque<>();
        private final ArrayDeque<Job> running = new ArrayDeque<>();
        private double speed;

        FirstCome(Clock clock, Consumer<Job> answered, ServerSpec spec) {
            super(clock, answered);
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
            job.event = speed == 0 ? null : clock.in((long) (work / speed), job);
        }

        @Override
        void done(Job job) {
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

        Shared(Clock clock, Consumer<Job> answered, ServerSpec spec) {
            super(clock, answered);
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
                    : clock.in((long) Math.max(0, Math.ceil((first.due - served) / rate())), first);
        }

        @Override
        void done(Job job) {
            advance();
            next = null;
            running.poll();
            plan();
            end(job, 200);
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

        Scripted(Clock clock, Consumer<Job> answered, ServerSpec.Script script) {
            super(clock, answered);
            this.script = script;
        }

        @Override
        boolean begin(Job job) {
            double nanos = script.nanos().applyAsLong(inFlight()) / speed;
            job.status = script.status();
            job.event = clock.in((long) nanos, job);
            return true;
        }

        @Override
        void done(Job job) {
            end(job, job.status == null ? 200 : job.status.applyAsInt(inFlight()));
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
