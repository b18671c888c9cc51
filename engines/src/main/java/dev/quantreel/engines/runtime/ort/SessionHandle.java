package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.runtime.ort.binding.BindingUnavailableException;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;

/// The session of the C API behind one of the Java API, which keeps it in a private field
/// ([ADR 0049](../../../../../../../../../docs/adr/0049-io-binding.md)).
final class SessionHandle {

    private static final String FIELD = "nativeHandle";

    private SessionHandle() {}

    /// @throws BindingUnavailableException when the field is gone or holds something else
    static long of(OrtApi api, OrtSession session) {
        long handle;
        try {
            handle = field().getLong(session);
        } catch (IllegalAccessException e) {
            throw new BindingUnavailableException("OrtSession." + FIELD + " cannot be read: " + e.getMessage());
        }
        long[] counts = api.counts(handle);
        if (counts[0] != session.getNumInputs() || counts[1] != session.getNumOutputs()) {
            throw new BindingUnavailableException(
                    "the session behind OrtSession." + FIELD + " has " + counts[0] + " inputs and " + counts[1]
                            + " outputs, the Java API says " + session.getNumInputs() + " and "
                            + session.getNumOutputs());
        }
        return handle;
    }

    /// @throws BindingUnavailableException when there is no such field
    static void requireReadable() {
        field();
    }

    private static Field field() {
        try {
            Field field = OrtSession.class.getDeclaredField(FIELD);
            if (field.getType() != long.class) {
                throw new BindingUnavailableException("OrtSession." + FIELD + " is a " + field.getType() + ", no long");
            }
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException | InaccessibleObjectException e) {
            throw new BindingUnavailableException("OrtSession." + FIELD + " cannot be read: " + e.getMessage());
        }
    }
}
