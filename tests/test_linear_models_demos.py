"""The demos of lecture 02, without a browser: their pictures against what scikit-learn and scipy say."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LinearRegression

from autograder.reference import linear_models as reference
from course.demos import linear_models as demos
from course.stage import ReaderError

STAGES = {
    "line_and_cost": lambda: demos.line_and_cost(reference.squared_error_cost),
    "descent": lambda: demos.descent(reference.squared_error_gradient),
    "polynomials": lambda: demos.polynomials(reference.polynomial_features, reference.fit_ridge),
    "softmax_triangle": lambda: demos.softmax_triangle(),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def random_settings(stage, rng):
    """Any value of each control."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind == "log_slider":
            drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind == "int_slider":
            drawn[name] = int(rng.integers(low, high + 1))
        elif control.kind == "toggle":
            drawn[name] = bool(rng.integers(2))
        elif control.kind in ("button", "play"):
            drawn[name] = int(rng.integers(0, 20))
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_no_nan_but_in_gaps(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(12))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for layer in layers(panels, "field") + layers(panels, "points") + layers(panels, "rects"):
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    figure = stage.figure()
    assert len(figure.axes) >= 2


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (lambda stub: demos.line_and_cost(stub("squared_error_cost")), "squared_error_cost"),
        (lambda stub: demos.descent(stub("squared_error_gradient")), "squared_error_gradient"),
        (lambda stub: demos.polynomials(stub("polynomial_features"), stub("fit_ridge")), "polynomial_features"),
    ],
)
def test_a_demo_says_which_answer_it_waits_for(make, waits_for):
    def stub(name):
        def answer(*arguments):
            raise NotImplementedError("not written yet")

        answer.__name__ = name
        return answer

    with pytest.raises(ReaderError, match=f"waits for your {waits_for}"):
        make(stub).picture()


def test_the_map_of_the_cost_is_drawn_by_the_answer_that_was_given():
    seen = []

    def squared_error_cost(X, t, w, b):
        seen.append((w[0], b))
        return reference.squared_error_cost(X, t, w, b)

    panels, _ = demos.line_and_cost(squared_error_cost).picture()
    (field,) = layers(panels, "field")
    Z = next(iter(field.arrays.values()))
    w, b = np.linspace(-8, 28, Z.shape[1]), np.linspace(-600, 400, Z.shape[0])
    assert set(np.round(w, 6)) <= {round(float(seen_w), 6) for seen_w, _ in seen}
    assert set(np.round(b, 6)) <= {round(float(seen_b), 6) for _, seen_b in seen}


def test_descent_standardised_arrives_in_one_step_at_rate_one_where_least_squares_lies():
    stage = demos.descent(reference.squared_error_gradient)
    panels, note = stage.picture(lr=1.0, standardised=True, steps=10, time=1)
    path = next(layer for layer in layers(panels, "line"))
    from course.demos.linear_models import _column, _patients

    x, t = _patients()
    fit = LinearRegression().fit(_column(x, True), t)
    assert path.arrays["x"][1] == pytest.approx(fit.coef_[0])
    assert path.arrays["y"][1] == pytest.approx(fit.intercept_)
    assert "curvatures of the bowl are 1 and 1" in note


def test_descent_that_explodes_says_so():
    _, note = demos.descent(reference.squared_error_gradient).picture(lr=0.01, standardised=False)
    assert "explodes" in note


def test_the_training_error_never_rises_with_the_degree_and_the_validation_error_does():
    for sample in range(4):
        panels, _ = demos.polynomials(reference.polynomial_features, reference.fit_ridge).picture(sample=sample, n=16)
        train, valid = (layer.arrays["y"] for layer in panels[1].layers[:2])
        assert (np.diff(train) <= 1e-9).all()
        assert valid[-1] > 2 * valid.min()


def test_the_bars_are_softmax_and_a_shift_of_all_logits_moves_nothing():
    stage = demos.softmax_triangle()
    for z, T in (((2.0, 1.0, 0.0), 0.5), ((-1.0, 3.0, 0.5), 2.0)):
        bars = [layers(stage.picture(z0=z[0] + c, z1=z[1] + c, z2=z[2] + c, T=T)[0], "rects")[0] for c in (0.0, -1.0)]
        for bar in bars:
            heights = [array for array in bar.arrays.values() if np.allclose(array.sum(), 1)]
            np.testing.assert_allclose(heights[0], softmax(np.array(z) / T), rtol=1e-9)
