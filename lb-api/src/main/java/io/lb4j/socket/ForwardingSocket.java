package io.lb4j.socket;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A socket that has another one, which answers what this one is asked, and is told what this one is told. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the other socket locks for itself
abstract class ForwardingSocket extends Socket {
    /** Something that a socket is told. */
    interface Setting {
        void applyTo(Socket socket) throws IOException;
    }

    ForwardingSocket() throws SocketException {
        // No implementation: nothing that would use it is left.
        super((SocketImpl) null);
    }

    /** The other socket at this moment. */
    abstract Socket current();

    /** Tells it to the other socket. */
    abstract void tell(Setting setting) throws IOException;

    private void set(Setting setting) throws SocketException {
        try {
            tell(setting);
        } catch (SocketException | RuntimeException e) {
            throw e;
        } catch (IOException e) {
            throw new SocketException(e.getMessage());
        }
    }

    @Override
    public void bind(SocketAddress bindpoint) throws IOException {
        tell(to -> to.bind(bindpoint));
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        set(to -> to.setTcpNoDelay(on));
    }

    @Override
    public void setSoLinger(boolean on, int linger) throws SocketException {
        set(to -> to.setSoLinger(on, linger));
    }

    @Override
    public void setOOBInline(boolean on) throws SocketException {
        set(to -> to.setOOBInline(on));
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        set(to -> to.setSoTimeout(timeout));
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        set(to -> to.setSendBufferSize(size));
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        set(to -> to.setReceiveBufferSize(size));
    }

    @Override
    public void setKeepAlive(boolean on) throws SocketException {
        set(to -> to.setKeepAlive(on));
    }

    @Override
    public void setTrafficClass(int tc) throws SocketException {
        set(to -> to.setTrafficClass(tc));
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        set(to -> to.setReuseAddress(on));
    }

    @Override
    public <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
        tell(to -> to.setOption(name, value));
        return this;
    }

    @Override
    public void setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        // The JDK's sockets take no notice of it, either.
    }

    @Override
    public InetAddress getInetAddress() {
        return current().getInetAddress();
    }

    @Override
    public InetAddress getLocalAddress() {
        return current().getLocalAddress();
    }

    @Override
    public int getPort() {
        return current().getPort();
    }

    @Override
    public int getLocalPort() {
        return current().getLocalPort();
    }

    @Override
    public SocketAddress getRemoteSocketAddress() {
        return current().getRemoteSocketAddress();
    }

    @Override
    public SocketAddress getLocalSocketAddress() {
        return current().getLocalSocketAddress();
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return current().getInputStream();
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return current().getOutputStream();
    }

    @Override
    public void sendUrgentData(int data) throws IOException {
        current().sendUrgentData(data);
    }

    @Override
    public void shutdownInput() throws IOException {
        current().shutdownInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        current().shutdownOutput();
    }

    @Override
    public boolean getTcpNoDelay() throws SocketException {
        return current().getTcpNoDelay();
    }

    @Override
    public int getSoLinger() throws SocketException {
        return current().getSoLinger();
    }

    @Override
    public boolean getOOBInline() throws SocketException {
        return current().getOOBInline();
    }

    @Override
    public int getSoTimeout() throws SocketException {
        return current().getSoTimeout();
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return current().getSendBufferSize();
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return current().getReceiveBufferSize();
    }

    @Override
    public boolean getKeepAlive() throws SocketException {
        return current().getKeepAlive();
    }

    @Override
    public int getTrafficClass() throws SocketException {
        return current().getTrafficClass();
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return current().getReuseAddress();
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return current().getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return current().supportedOptions();
    }

    @Override
    public boolean isBound() {
        return current().isBound();
    }

    @Override
    public boolean isInputShutdown() {
        return current().isInputShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return current().isOutputShutdown();
    }

    @Override
    public @Nullable SocketChannel getChannel() {
        return null;
    }
}
