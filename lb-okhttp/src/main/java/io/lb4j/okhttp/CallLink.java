package io.lb4j.okhttp;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.EventListener;
import org.jspecify.annotations.Nullable;

/**
 * Ties a call to the further calls made on its behalf: cancelling it, or its time-out, cancels them and ends the pauses
 * between them.
 */
class CallLink extends EventListener {
    private final Call outer;

    /** Written by the thread that makes the call. */
    private volatile @Nullable Call follower;

    /** The one made beside it, if there is; written by the thread that makes that one. */
    private volatile @Nullable Call hedge;

    /** Written by the thread that makes the call, while it pauses. */
    private volatile @Nullable Thread pausing;

    /** Nanoseconds at which the outer call first came here, if it has a time-out; else 0. Used by its thread only. */
    long callStartNanos;

    CallLink(Call outer) {
        this.outer = outer;
    }

    /** Cancels {@code child} whenever the outer call is or was cancelled. */
    final void follow(Call child) {
        follower = child;
        cancelIfTooLate(child);
    }

    /** The same for a call made while another goes on. */
    final void followToo(Call child) {
        hedge = child;
        cancelIfTooLate(child);
    }

    private void cancelIfTooLate(Call child) {
        // The other order of the same race: cancelled before it could see the follower.
        if (outer.isCanceled()) {
            child.cancel();
        }
    }

    @Override
    public void canceled(Call call) {
        cancel(follower);
        cancel(hedge);
        Thread waiting = pausing;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    private static void cancel(@Nullable Call child) {
        if (child != null) {
            child.cancel();
        }
    }

    /**
     * Waits, unless the call is cancelled or the thread interrupted.
     *
     * @throws IOException if so
     */
    final void pause(long nanos) throws IOException {
        pauseUntil(null, nanos);
    }

    /**
     * Waits until this is given, or for that long, unless the call is cancelled or the thread interrupted.
     *
     * @throws IOException if so
     */
    final void pauseUntil(@Nullable Signal signal, long nanos) throws IOException {
        Thread caller = Thread.currentThread();
        long end = System.nanoTime() + nanos;
        pausing = caller;
        if (signal != null) {
            signal.wake(caller);
        }
        try {
            for (long left = nanos; left > 0 && (signal == null || !signal.isGiven()); left = end - System.nanoTime()) {
                if (outer.isCanceled()) {
                    throw new IOException("Canceled");
                }
                if (caller.isInterrupted()) {
                    throw new InterruptedIOException("interrupted while the call waited");
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            pausing = null;
            if (signal != null) {
                signal.forget(caller);
            }
        }
    }
}
