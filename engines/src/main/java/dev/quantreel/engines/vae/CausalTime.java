package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// Where causal layers find the frames before: in state carried from run to run, or, when the whole clip goes in at
/// once, in zeros. Both give the same pictures; the whole clip is for exports and for proving just that.
///
/// The first frame of a clip stands for itself: layers that double (or halve) the number of frames pass it by. When
/// streaming, the first run therefore takes exactly that frame (or an odd number, where the family says so) and says so
/// through the input `first`.
final class CausalTime {

    /// What stands where there is no frame or pixel.
    ///
    /// @param firstFrameBefore whether the first frame is repeated before the clip; else zeros
    /// @param edgeAround whether the border of each frame is repeated; else zeros
    private record Padding(boolean firstFrameBefore, boolean edgeAround) {}

    private final VaeLayers layers;
    private final boolean streaming;
    private final Padding padding;
    private final Value first;
    private final List<StateInput> state = new ArrayList<>();

    private CausalTime(VaeLayers layers, boolean streaming, Padding padding) {
        this.layers = layers;
        this.streaming = streaming;
        this.padding = padding;
        this.first = streaming ? layers.graph().input("first", DType.BOOL, Dim.of(1)) : layers.graph().none;
    }

    /// Zeros before the clip and around each frame (Wan).
    static CausalTime streaming(VaeLayers layers) {
        return new CausalTime(layers, true, new Padding(false, false));
    }

    /// The first frame repeated before the clip, zeros around each frame (LTX-Video, CogVideoX).
    static CausalTime afterFirstFrame(VaeLayers layers) {
        return new CausalTime(layers, true, new Padding(true, false));
    }

    /// The first frame repeated before the clip, the border around each frame (HunyuanVideo 1.5).
    static CausalTime withinEdges(VaeLayers layers) {
        return new CausalTime(layers, true, new Padding(true, true));
    }

    /// As [#streaming], for clips of at least two latent frames.
    static CausalTime wholeClip(VaeLayers layers) {
        return new CausalTime(layers, false, new Padding(false, false));
    }

    /// What is carried from run to run; nothing for the whole clip.
    List<StateInput> state() {
        return List.copyOf(state);
    }

    /// A causal convolution over time and space that keeps the size.
    ///
    /// @param name as the file calls it
    Feature convolution(String name, Feature x) {
        int taps = layers.taps(name);
        int around = Math.toIntExact(layers.shape(name + ".weight").dim(-1)) / 2;
        if (taps == 1) {
            return layers.same(name, x);
        }
        Feature joined = withPast(name, x, taps - 1);
        return padding.edgeAround
                ? layers.overTime(name, edged(joined, around), 1, 0)
                : layers.overTime(name, joined, 1, around);
    }

    private Feature edged(Feature x, int around) {
        return x.with(layers.graph()
                .op(
                        OnnxOp.Pad,
                        Attributes.of("mode", "edge"),
                        x.value(),
                        layers.graph().longs(0, 0, around, around, 0, 0, around, around)));
    }

    /// A causal convolution with a result for every second frame, the first among them. A run after the first takes an
    /// even number of frames.
    ///
    /// @param each how each frame is convolved
    Feature everySecond(String name, Feature x, Attributes each) {
        Feature joined = withPast(name, x, layers.taps(name) - 1);
        return layers.overTime(name, layers.framesFrom(joined, oneAfterTheFirst()), 2, each);
    }

    /// Frames in pairs: the first frame of the clip twice, so that it has one to be paired with. A run after the first
    /// takes an even number of frames.
    Feature pairedWithItself(Feature x) {
        return layers.framesFrom(layers.frames(layers.frame(x, false), x), oneAfterTheFirst());
    }

    /// In the run that begins the clip `begun`, whose frames are all the same or one, else `later`.
    Feature chosen(Feature begun, Feature later) {
        return later.with(layers.graph().op(OnnxOp.Where, first, begun.value(), later.value()));
    }

    /// The frames of all runs so far, this one's included.
    Feature kept(String name, Feature x) {
        Dim[] dims = dims(x, 0);
        dims[0] = Dim.of("past");
        Value before = layers.graph().input("past." + name, DType.F32, dims);
        Feature all = layers.frames(x.with(before), x);
        dims[0] = Dim.of("kept");
        layers.graph().output("last." + name, all.value(), DType.F32, dims);
        state.add(new StateInput("past." + name, "last." + name, StateInput.ALL, x.channels(), x.scale()));
        return all;
    }

    /// I64 `[1]`: 0 in the first run, 1 later.
    private Value oneAfterTheFirst() {
        Value isFirst = layers.graph().op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.I64)), first);
        return layers.graph().op(OnnxOp.Sub, layers.graph().longs(1), isFirst);
    }

    private Feature withPast(String name, Feature x, int frames) {
        if (!streaming) {
            return zerosBefore(x, frames);
        }
        Feature carried = past(name, x, frames);
        Feature before = padding.firstFrameBefore ? chosen(layers.frame(x, false), carried) : carried;
        Feature joined = layers.frames(before, x);
        keep(name, x, layers.framesFrom(joined, layers.graph().longs(-frames)).value(), frames);
        return joined;
    }

    private Feature zerosBefore(Feature x, int frames) {
        return x.with(layers.graph().op(OnnxOp.Pad, x.value(), layers.graph().longs(frames, 0, 0, 0, 0, 0, 0, 0)));
    }

    private Feature past(String name, Feature x, int frames) {
        return x.with(layers.graph().input("past." + name, DType.F32, dims(x, frames)));
    }

    private void keep(String name, Feature x, Value last, int frames) {
        layers.graph().output("last." + name, last, DType.F32, dims(x, frames));
        state.add(new StateInput("past." + name, "last." + name, frames, x.channels(), x.scale()));
    }

    private static Dim[] dims(Feature x, int frames) {
        return new Dim[] {
            Dim.of(frames), Dim.of(x.channels()), Dim.of("height" + x.scale()), Dim.of("width" + x.scale())
        };
    }

    /// Every frame after the clip's first becomes two, by a causal convolution to twice the channels.
    ///
    /// @param name of the convolution
    Feature doubled(String name, Feature x) {
        int past = layers.taps(name) - 1;
        if (!streaming) {
            Feature rest = layers.framesFrom(x, layers.graph().longs(1));
            Feature pairs = layers.overTime(name, zerosBefore(rest, past), 1, 0);
            return layers.frames(layers.frame(x, false), layers.channelsToFrames(pairs, 2));
        }
        // The convolution starts with the second frame: what it sees of the first is zero.
        Feature joined = layers.frames(past(name, x, past), x);
        Value last = layers.framesFrom(joined, layers.graph().longs(-past)).value();
        keep(name, x, layers.graph().op(OnnxOp.Where, first, layers.graph().constant(0f), last), past);
        Feature pairs = layers.overTime(name, joined, 1, 0);
        List<Value> halves =
                layers.graph().op(OnnxOp.Split, 2, Attributes.of("axis", 1).and("num_outputs", 2), pairs.value());
        Value odd = layers.graph().op(OnnxOp.Where, first, x.value(), halves.get(1));
        Value all = layers.graph().op(OnnxOp.Concat, Attributes.of("axis", 1), halves.get(0), odd);
        return withoutFirst(layers.channelsToFrames(pairs.with(all), 2));
    }

    /// Drops the first frame of the clip, of which a doubling made one too many.
    Feature withoutFirst(Feature x) {
        Value skip = streaming
                ? layers.graph().op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.I64)), first)
                : layers.graph().longs(1);
        return layers.framesFrom(x, skip);
    }

    /// Every two frames after the clip's first become one, by a convolution over them and the frame before.
    ///
    /// @param name of the convolution
    Feature halved(String name, Feature x) {
        if (!streaming) {
            return layers.frames(layers.frame(x, false), layers.overTime(name, x, 2, 0));
        }
        // One frame too many behind, so that the run of the first frame has enough for one (unused) result.
        Feature last = layers.frame(x, true);
        Feature joined = layers.frames(past(name, x, 1), x, last);
        keep(name, x, last.value(), 1);
        Feature halved = layers.overTime(name, joined, 2, 0);
        return halved.with(
                layers.graph().op(OnnxOp.Where, first, layers.frame(x, false).value(), halved.value()));
    }

    /// A frame of zeros before the clip's first, so that every frame has one to be paired with.
    Feature paired(Feature x) {
        Feature padded = zerosBefore(x, 1);
        if (!streaming) {
            return padded;
        }
        return layers.framesFrom(padded, oneAfterTheFirst());
    }
}
