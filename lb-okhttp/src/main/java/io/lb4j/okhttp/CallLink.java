package io.lb4j.okhttp;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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

    /** Written by the thread that makes the call, while it pauses. */
    private volatile @Nullable Thread pausing;

    CallLink(Call outer) {
        this.outer = outer;
    }

    /** Cancels {@code child} whenever the outer call is or was cancelled. */
    final void follow(Call child) {
        follower = child;
        // The other order of the same race: cancelled before it could see the follower.
        if (outer.isCanceled()) {
            child.cancel();
        }
    }

    @Override
    public void canceled(Call call) {
        Call child = follower;
        if (child != null) {
            child.cancel();
        }
        Thread waiting = pausing;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /**
     * Waits, unless the call is cancelled or the thread interrupted.
     *
     * @throws IOException if so
     */
    final void pause(long nanos) throws IOException {
        pauseUntil(new CompletableFuture<>(), nanos);
    }

    /**
     * Waits until this is done, or for that long, unless the call is cancelled or the thread interrupted.
     *
     * @throws IOException if so
     */
    final void pauseUntil(CompletionStage<?> stage, long nanos) throws IOException {
        Thread caller = Thread.currentThread();
        CompletableFuture<?> done = stage.toCompletableFuture();
        // Of the very future that the loop looks at: one it depends on wakes us before it is done.
        CompletionStage<?> unused = done.whenComplete((value, error) -> LockSupport.unpark(caller));
        long end = System.nanoTime() + nanos;
        pausing = caller;
        try {
            for (long left = nanos; left > 0 && !done.isDone(); left = end - System.nanoTime()) {
                if (outer.isCanceled()) {
                    throw new IOException("Canceled");
                }
                if (caller.isInterrupted()) {
                    throw new InterruptedIOException("interrupted before the next attempt");
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            pausing = null;
        }
    }
}
